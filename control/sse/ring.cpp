#include "control/sse/ring.hpp"

#include <algorithm>
#include <utility>

namespace dm::control {

namespace {

std::size_t cost(const Event& event) {
    return sizeof(Event) + event.device.size() + event.data.size();
}

}  // namespace

std::uint64_t EventRing::push(Event event) {
    bytes_ += cost(event);
    events_.push_back(std::move(event));
    ++last_;
    while (events_.size() > max_events_ || (bytes_ > max_bytes_ && events_.size() > 1)) {
        bytes_ -= cost(events_.front());
        events_.pop_front();
    }
    return last_;
}

bool EventRing::continues(std::uint64_t after) const {
    return after <= last_ && after + 1 >= first() && after >= gap_at_;
}

std::optional<std::uint64_t> EventRing::next(std::uint64_t after, const std::string& device) const {
    for (std::uint64_t number = std::max(after + 1, first()); number <= last_; ++number) {
        if (device.empty() || at(number).device == device) {
            return number;
        }
    }
    return std::nullopt;
}

const Event& EventRing::at(std::uint64_t number) const {
    return events_[static_cast<std::size_t>(number - first())];
}

}  // namespace dm::control
