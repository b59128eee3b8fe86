#pragma once

#include "firmware-sim/clock.hpp"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace dm::sim {

/// One deadline for each of a fixed number of things. O(log n). One thread.
class Deadlines {
public:
    explicit Deadlines(std::size_t things) : at_(things, Instant::max()) {}

    /// Replaces the thing's deadline; max(): none.
    void set(std::uint32_t thing, Instant when) {
        Instant& current = at_[thing];
        if (current == when) {
            return;
        }
        if (current != Instant::max()) {
            queue_.erase({current, thing});
        }
        current = when;
        if (when != Instant::max()) {
            queue_.insert({when, thing});
        }
    }

    /// max() when there is none.
    [[nodiscard]] Instant earliest() const {
        return queue_.empty() ? Instant::max() : queue_.begin()->first;
    }

    /// The things that are due; they have no deadline any more.
    [[nodiscard]] std::vector<std::uint32_t> take_due(Instant now) {
        std::vector<std::uint32_t> due;
        while (!queue_.empty() && queue_.begin()->first <= now) {
            due.push_back(queue_.begin()->second);
            at_[queue_.begin()->second] = Instant::max();
            queue_.erase(queue_.begin());
        }
        return due;
    }

private:
    std::vector<Instant> at_;
    std::set<std::pair<Instant, std::uint32_t>> queue_;
};

}  // namespace dm::sim
