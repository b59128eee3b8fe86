#pragma once

#include "firmware-sim/models/model.hpp"

namespace dm::sim {

/// A dimmable lamp: `set_brightness {brightness}` in percent; 0 turns it off.
class Lamp final : public Model {
public:
    [[nodiscard]] std::string_view name() const override { return "lamp"; }

    void switch_power(bool on) override;
    [[nodiscard]] std::optional<Result> execute(std::string_view command,
                                                const Args& args) override;
    [[nodiscard]] std::string state() const override;
    [[nodiscard]] Reading read(Random& random) override;
    [[nodiscard]] Alarm alarm(Random& random) const override;

private:
    bool on_ = false;
    double brightness_ = 100;  ///< percent, while on
};

}  // namespace dm::sim
