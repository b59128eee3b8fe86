#pragma once

#include "protocol/codes.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dm::store {

/// One step as it stands in a `history` column: `[at,"state",attempt]` or with a detail, the
/// elements of a JSON array without its brackets.
[[nodiscard]] std::string history_step(proto::WallTime at,
                                       proto::CommandState state,
                                       std::uint32_t attempt,
                                       std::string_view detail = {});

/// Appends a step, or several, to what a column holds.
void append_steps(std::string& history, std::string_view steps);

[[nodiscard]] inline std::int64_t to_ms(proto::WallTime time) {
    return time.time_since_epoch().count();
}

[[nodiscard]] inline proto::WallTime from_ms(std::int64_t ms) {
    return proto::WallTime(std::chrono::milliseconds(ms));
}

}  // namespace dm::store
