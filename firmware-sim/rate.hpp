#pragma once

#include <optional>
#include <string_view>

namespace dm::sim {

/// `50`, `0.5` or `50/s`: events per second, not negative and at most kMaxRate.
inline constexpr double kMaxRate = 100'000;
[[nodiscard]] std::optional<double> parse_rate(std::string_view text);

}  // namespace dm::sim
