#include "device-mgmt/relay/stored_messages.hpp"

#include <algorithm>

namespace dm::relay {

void StoredMessages::distrust_broker() {
    for (const Acknowledged& message : tail_) {
        unread_.push_back(message.number);
    }
    tail_.clear();
}

std::vector<std::uint64_t> StoredMessages::take_unread(std::size_t at_most) {
    const auto end =
        unread_.begin() + static_cast<std::ptrdiff_t>(std::min(at_most, unread_.size()));
    std::vector<std::uint64_t> numbers(unread_.begin(), end);
    unread_.erase(unread_.begin(), end);
    return numbers;
}

std::vector<std::uint64_t> StoredMessages::take_expired(core::Instant now) {
    std::vector<std::uint64_t> numbers;
    while (!tail_.empty() && (tail_.size() > kMaxTail || now - tail_.front().at >= kTail)) {
        numbers.push_back(tail_.front().number);
        tail_.pop_front();
    }
    while (parked_.size() > kMaxParked) {
        numbers.push_back(parked_.front());
        parked_.pop_front();
    }
    return numbers;
}

}  // namespace dm::relay
