#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dm::control {

/// Names one event of one run of one instance: `<node>:<boot>:<seq>`.
struct EventId {
    std::string node;
    std::string boot;
    std::uint64_t seq = 0;
};

[[nodiscard]] std::string to_text(const EventId& id);

[[nodiscard]] std::optional<EventId> parse_event_id(std::string_view text);

/// A decimal number and nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace dm::control
