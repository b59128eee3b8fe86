#pragma once

#include "device-mgmt/core/clock.hpp"
#include "tests/support/manual_clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace dm::simulation {

/// Time that passes from event to event, and what is going to happen in it. Events of one moment
/// happen in the order in which they were scheduled.
class Schedule {
public:
    using Event = std::function<void()>;

    /// Who an event belongs to. When its owner ends (a process is killed, a connection is cut) it
    /// does not happen any more.
    using Owner = std::size_t;
    static constexpr Owner kNobody = 0;  ///< never ends

    [[nodiscard]] core::Moment now() const { return clock_.now(); }

    [[nodiscard]] Owner begin_owner() {
        alive_.push_back(true);
        return alive_.size() - 1;
    }

    void end_owner(Owner owner) { alive_[owner] = false; }

    void at(core::Instant when, Owner owner, Event event);

    void after(std::chrono::milliseconds delay, Owner owner, Event event) {
        at(now().mono + delay, owner, std::move(event));
    }

    /// Lets the next event happen at its moment. False when there is none.
    bool step();

    /// Somebody sets the wall clock.
    void step_wall(std::chrono::milliseconds by) { clock_.step_wall(by); }

    /// Events that have happened.
    [[nodiscard]] std::size_t happened() const { return happened_; }

private:
    struct Entry {
        core::Instant when;
        std::uint64_t number;
        Owner owner;
        Event event;
    };

    [[nodiscard]] static bool is_later(const Entry& a, const Entry& b) {
        return a.when > b.when || (a.when == b.when && a.number > b.number);
    }

    test::ManualClock clock_;
    std::vector<Entry> heap_;  ///< the next one in front
    std::vector<bool> alive_{true};
    std::uint64_t next_number_ = 0;
    std::size_t happened_ = 0;
};

}  // namespace dm::simulation
