#pragma once

#include "firmware-sim/callers/call_tally.hpp"
#include "firmware-sim/callers/callers_options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dm::sim {

/// Memory of the processes that were named, before the first call and at its most.
struct CallersMemory {
    std::uint64_t before_kib = 0;
    std::uint64_t most_kib = 0;
};

/// Which expectations did not hold, as sentences.
[[nodiscard]] std::vector<std::string> failures(const CallTally& tally);

[[nodiscard]] std::string summary_json(const CallersOptions& options,
                                       const CallTally& tally,
                                       const CallersMemory& memory,
                                       double seconds);

/// `firmware-sim callers`. Returns the exit code.
[[nodiscard]] int run_callers(const CallersOptions& options);

}  // namespace dm::sim
