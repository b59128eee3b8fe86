#pragma once

#include "firmware-sim/run_options.hpp"

namespace dm::sim {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  ///< an expectation did not hold, or it could not start
inline constexpr int kExitUsage = 2;

/// `firmware-sim run`. Returns the exit code.
[[nodiscard]] int run(const RunOptions& options);

}  // namespace dm::sim
