#pragma once

#include "firmware-sim/models/model.hpp"

namespace dm::sim {

/// Heats towards a target: `set_target {target}` in °C.
class Thermostat final : public Model {
public:
    explicit Thermostat(Random& random);

    [[nodiscard]] std::string_view name() const override { return "thermostat"; }

    void switch_power(bool on) override;
    [[nodiscard]] std::optional<Result> execute(std::string_view command,
                                                const Args& args) override;
    [[nodiscard]] std::string state() const override;
    [[nodiscard]] Reading read(Random& random) override;
    [[nodiscard]] Alarm alarm(Random& random) const override;

private:
    bool heating_ = true;
    double target_ = 21.0;  ///< °C
    double temperature_;    ///< °C
};

}  // namespace dm::sim
