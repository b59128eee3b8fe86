#pragma once

#include "firmware-sim/profile.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::sim {

struct Group {
    Profile profile;
    double share = 1;  ///< of the fleet, in proportion to the other groups'
};

/// Which devices behave how. Groups follow one another in the order of the file; within a group of
/// model `mixed` the models take turns.
class Scenario {
public:
    /// One group.
    explicit Scenario(Profile profile);

    /// Reads TOML: one `[[group]]` per group with any of `name`, `share`, `model`, `firmware`,
    /// `labels`, `subscribe`, `telemetry_s`, `alert_probability`, `reply_delay_ms` (a number or
    /// `[min, max]`), `reply_loss`, `error_probability`, `ack`. The errors are all there are, each
    /// with its line.
    [[nodiscard]] static tl::expected<Scenario, std::vector<std::string>> parse(
        std::string_view text, const std::string& name);

    /// The group of device `index` of `devices`.
    [[nodiscard]] const Profile& profile_of(std::size_t index, std::size_t devices) const;

    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

private:
    Scenario() = default;

    std::vector<Group> groups_;
};

/// The model of device `index` of a profile.
[[nodiscard]] std::string_view model_of(const Profile& profile, std::size_t index);

/// Whether `name` is a model or `mixed`.
[[nodiscard]] bool is_model(std::string_view name);

}  // namespace dm::sim
