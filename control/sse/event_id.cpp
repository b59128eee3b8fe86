#include "control/sse/event_id.hpp"

#include <charconv>

namespace dm::control {

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, number);
    return problem == std::errc{} && stopped == end ? std::optional(number) : std::nullopt;
}

std::string to_text(const EventId& id) {
    return id.node + ':' + id.boot + ':' + std::to_string(id.seq);
}

std::optional<EventId> parse_event_id(std::string_view text) {
    const std::size_t first = text.find(':');
    const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
    if (second == std::string_view::npos) {
        return std::nullopt;
    }
    const auto seq = parse_number(text.substr(second + 1));
    if (!seq) {
        return std::nullopt;
    }
    return EventId{std::string(text.substr(0, first)),
                   std::string(text.substr(first + 1, second - first - 1)),
                   *seq};
}

}  // namespace dm::control
