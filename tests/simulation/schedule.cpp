#include "tests/simulation/schedule.hpp"

#include <algorithm>
#include <utility>

namespace dm::simulation {

void Schedule::at(core::Instant when, Owner owner, Event event) {
    heap_.push_back({std::max(when, now().mono), next_number_++, owner, std::move(event)});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
}

bool Schedule::step() {
    while (!heap_.empty()) {
        std::pop_heap(heap_.begin(), heap_.end(), is_later);
        const Entry next = std::move(heap_.back());
        heap_.pop_back();
        if (!alive_[next.owner]) {
            continue;
        }
        // Rounded up: the clock has milliseconds, and nothing happens before its time.
        clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(next.when - now().mono));
        ++happened_;
        next.event();
        return true;
    }
    return false;
}

}  // namespace dm::simulation
