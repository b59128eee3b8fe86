#include "firmware-sim/rate.hpp"

#include <charconv>

namespace dm::sim {

std::optional<double> parse_rate(std::string_view text) {
    constexpr std::string_view kPerSecond = "/s";
    if (text.size() > kPerSecond.size() &&
        text.substr(text.size() - kPerSecond.size()) == kPerSecond) {
        text.remove_suffix(kPerSecond.size());
    }
    double rate = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
    const bool whole = error == std::errc{} && rest == text.data() + text.size();
    if (!whole || !(rate >= 0 && rate <= kMaxRate)) {
        return std::nullopt;
    }
    return rate;
}

}  // namespace dm::sim
