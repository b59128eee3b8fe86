#pragma once

#include "device-mgmt/core/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace dm::core {

/// Deadlines of things that are numbered, at most one per number; exact removal, so what has ended
/// costs nothing until its deadline would have passed. O(log n). One thread.
template <typename Value>
class DeadlineQueue {
public:
    using Number = std::uint64_t;

    void set(Instant when, Number number, Value value) {
        queue_.emplace(std::make_pair(when, number), std::move(value));
    }

    void remove(Instant when, Number number) { queue_.erase({when, number}); }

    [[nodiscard]] std::optional<Instant> next() const {
        if (queue_.empty()) {
            return std::nullopt;
        }
        return queue_.begin()->first.first;
    }

    /// Takes out the earliest entry if it is due.
    [[nodiscard]] std::optional<std::pair<Number, Value>> pop_due(Instant now) {
        if (queue_.empty() || queue_.begin()->first.first > now) {
            return std::nullopt;
        }
        auto node = queue_.extract(queue_.begin());
        return std::make_pair(node.key().second, std::move(node.mapped()));
    }

    [[nodiscard]] std::size_t size() const { return queue_.size(); }

private:
    std::map<std::pair<Instant, Number>, Value> queue_;
};

}  // namespace dm::core
