#include "device-mgmt/relay/status_queue.hpp"

#include <utility>

namespace dm::relay {

std::size_t StatusQueue::put(const core::CommandKey& key,
                             Messages messages,
                             Pace pace,
                             core::Instant now) {
    const auto found = waiting_.find(key);
    if (found != waiting_.end()) {
        found->second.pace = pace;
        return std::exchange(found->second.messages, std::move(messages)).size();
    }
    waiting_.emplace(key, Waiting{std::move(messages), pace, ++last_});
    turns_.push_back({key, now, last_});
    return 0;
}

std::size_t StatusQueue::ended(const core::CommandKey& key) {
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) {
        return 0;
    }
    const std::size_t count = found->second.messages.size();
    waiting_.erase(found);
    return count;
}

bool StatusQueue::may_go(const Waiting& state, core::Instant now) {
    return state.pace == Pace::free || kept_pace_.take(now);
}

StatusQueue::Messages StatusQueue::take(core::Instant now, bool calm) {
    while (!turns_.empty()) {
        const Turn& turn = turns_.front();
        const auto found = waiting_.find(turn.key);
        const bool waits = found != waiting_.end() && found->second.place == turn.number;
        if (waits && now - turn.since < kMaxWait && !(calm && may_go(found->second, now))) {
            return {};
        }
        turns_.pop_front();
        if (waits) {
            Messages messages = std::move(found->second.messages);
            waiting_.erase(found);
            return messages;
        }
    }
    return {};
}

}  // namespace dm::relay
