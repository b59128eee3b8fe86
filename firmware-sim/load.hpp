#pragma once

#include "firmware-sim/load_options.hpp"

namespace dm::sim {

/// `firmware-sim load`. Returns the exit code, as run() does.
[[nodiscard]] int run_load(const LoadOptions& options);

}  // namespace dm::sim
