#pragma once

#include "firmware-sim/histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dm::sim {

/// What all callers together have seen.
struct CallTally {
    std::uint64_t calls = 0;                    ///< begun
    std::uint64_t replies = 0;                  ///< ended with the device's reply
    std::uint64_t crossed = 0;                  ///< got something about another command
    std::uint64_t lost = 0;                     ///< no end in time
    std::uint64_t broken = 0;                   ///< the connection ended before the answer
    std::map<std::string, std::uint64_t> ends;  ///< by state
    std::map<int, std::uint64_t> refused;       ///< by status other than 200
    std::size_t waiting = 0;                    ///< now
    std::size_t most_waiting = 0;
    Histogram first_events;
    Histogram round_trips;
};

/// What an answer means for the call that asked for `id` on `device`.
enum class CallVerdict {
    reply,    ///< the device's, to this command
    other,    ///< another end of this command
    crossed,  ///< something else's
};

/// `payload`: the terminal message, `state`: filled with its state.
[[nodiscard]] CallVerdict judge_answer(const std::string& payload,
                                       const std::string& device,
                                       const std::string& id,
                                       std::string& state);

/// Resident memory of all processes in KiB; 0 when one cannot be read.
[[nodiscard]] std::uint64_t resident_kib(const std::vector<std::string>& pids);

}  // namespace dm::sim
