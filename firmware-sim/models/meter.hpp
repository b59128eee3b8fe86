#pragma once

#include "firmware-sim/models/model.hpp"

namespace dm::sim {

/// An electricity meter: `read`; off means that its relay has cut the supply.
class Meter final : public Model {
public:
    explicit Meter(Random& random);

    [[nodiscard]] std::string_view name() const override { return "meter"; }

    void switch_power(bool on) override;
    [[nodiscard]] std::optional<Result> execute(std::string_view command,
                                                const Args& args) override;
    [[nodiscard]] std::string state() const override;
    [[nodiscard]] Reading read(Random& random) override;
    [[nodiscard]] Alarm alarm(Random& random) const override;

private:
    bool connected_ = true;
    double total_;      ///< kWh, never falls
    double power_ = 0;  ///< W, at the last reading
};

}  // namespace dm::sim
