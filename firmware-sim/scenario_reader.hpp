#pragma once

#include "firmware-sim/scenario.hpp"

#include <string>
#include <vector>

#include <toml++/toml.h>

namespace dm::sim {

/// One `[[group]]`. What is wrong is appended to `problems` as `<file>:<line>: …`.
[[nodiscard]] Group read_group(const toml::table& table,
                               const std::string& file,
                               std::vector<std::string>& problems);

}  // namespace dm::sim
