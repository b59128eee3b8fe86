#pragma once

#include "tests/simulation/run.hpp"

#include <optional>
#include <string_view>

namespace dm::simulation {

[[nodiscard]] std::optional<Lie> parse_lie(std::string_view name);

/// Runs every lie until it is noticed, and prints by what. False if one is not.
[[nodiscard]] bool self_test();

}  // namespace dm::simulation
