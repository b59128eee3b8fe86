#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dm::proto {

/// Wall-clock time as it travels: Unix time in milliseconds. Only for the wire and for people;
/// every timer runs on the monotonic clock.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// RFC 3339 in UTC with milliseconds: `2026-11-22T08:15:30.123Z`.
[[nodiscard]] std::string format_time(WallTime time);

/// Accepts any RFC 3339 date-time (offsets, any number of fraction digits; finer than
/// milliseconds is cut off); nothing else.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace dm::proto
