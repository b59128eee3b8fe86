#pragma once

#include "firmware-sim/models/model.hpp"

namespace dm::sim {

/// A door lock: `lock`, `unlock`. On means locked.
class Lock final : public Model {
public:
    [[nodiscard]] std::string_view name() const override { return "lock"; }

    void switch_power(bool on) override;
    [[nodiscard]] std::optional<Result> execute(std::string_view command,
                                                const Args& args) override;
    [[nodiscard]] std::string state() const override;
    [[nodiscard]] Reading read(Random& random) override;
    [[nodiscard]] Alarm alarm(Random& random) const override;

private:
    bool locked_ = true;
    double battery_ = 100;     ///< percent
    std::uint32_t turns_ = 0;  ///< of the bolt, since it was made
};

}  // namespace dm::sim
