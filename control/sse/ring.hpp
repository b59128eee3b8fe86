#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace dm::control {

/// What happened to a device, or to a node (then without device).
struct Event {
    std::string_view kind;  ///< a literal: `presence`, `status` …
    std::string device;
    std::string data;  ///< JSON, as it came from the broker
};

/// The latest events, numbered without gaps from 1. One thread.
class EventRing {
public:
    static constexpr std::size_t kMaxEvents = 65536;
    static constexpr std::size_t kMaxBytes = std::size_t{128} * 1024 * 1024;

    explicit EventRing(std::size_t max_events = kMaxEvents, std::size_t max_bytes = kMaxBytes)
        : max_events_(max_events), max_bytes_(max_bytes) {}

    /// Appends an event and returns its number; beyond the limits the oldest are forgotten.
    std::uint64_t push(Event event);

    /// Events may have been missed here: what was read before it cannot be continued.
    void mark_gap() { gap_at_ = last_ + 1; }

    /// Number of the latest event, 0 if there has been none.
    [[nodiscard]] std::uint64_t last() const { return last_; }

    /// Whether everything that happened after event `after` is known and still here.
    [[nodiscard]] bool continues(std::uint64_t after) const;

    /// The first event after `after` that concerns `device` (empty: any).
    [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t after,
                                                    const std::string& device) const;

    /// `number` must be one that next() gave, with no push since.
    [[nodiscard]] const Event& at(std::uint64_t number) const;

    [[nodiscard]] std::size_t size() const { return events_.size(); }

private:
    [[nodiscard]] std::uint64_t first() const { return last_ - events_.size() + 1; }

    std::size_t max_events_;
    std::size_t max_bytes_;
    std::deque<Event> events_;
    std::size_t bytes_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t gap_at_ = 0;  ///< places before this one are from before a gap
};

}  // namespace dm::control
