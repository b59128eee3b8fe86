#include "device-mgmt/relay/stored_messages.hpp"

#include <algorithm>

namespace dm::relay {

namespace {

std::vector<std::uint64_t> take_first(std::deque<std::uint64_t>& from, std::size_t at_most) {
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(at_most, from.size()));
    std::vector<std::uint64_t> numbers(from.begin(), end);
    from.erase(from.begin(), end);
    return numbers;
}

}  // namespace

void StoredMessages::add_doubted(std::uint64_t number) {
    doubted_.push_back(number);
    set_pace();
}

void StoredMessages::distrust_broker() {
    for (const Acknowledged& message : tail_) {
        doubted_.push_back(message.number);
    }
    tail_.clear();
    set_pace();
}

void StoredMessages::set_pace() {
    constexpr std::size_t kSteps = kTail / kPaceStep;
    pace_ = std::max(kLeastPace, (doubted_.size() + kSteps - 1) / kSteps);
}

std::vector<std::uint64_t> StoredMessages::take_unread(std::size_t at_most) {
    return take_first(unread_, at_most);
}

std::vector<std::uint64_t> StoredMessages::take_doubted() {
    return take_first(doubted_, pace_);
}

std::vector<std::uint64_t> StoredMessages::take_expired(core::Instant now) {
    std::vector<std::uint64_t> numbers;
    if (const std::size_t kept = tail_.size() + doubted_.size(); kept > kMaxTail) {
        numbers = take_first(doubted_, kept - kMaxTail);
    }
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
