#include "device-mgmt/store/mark_buffer.hpp"

#include "device-mgmt/store/history.hpp"

#include <algorithm>

namespace dm::store {

void MarkBuffer::hold(const Mark& mark, bool due, core::Instant now) {
    const auto [it, is_new] = held_.try_emplace(mark.key, HeldMark{mark.state, 0, {}, {}, now});
    HeldMark& held = it->second;
    if (is_new) {
        by_age_.emplace_back(now, mark.key);
    }
    held.state = mark.state;
    held.attempts = std::max(held.attempts, mark.attempts);
    if (mark.reply_by) {
        held.reply_by = mark.reply_by;
    }
    append_steps(held.steps, history_step(mark.at, mark.state, mark.attempts, mark.detail));
    if (due && !held.due) {
        held.due = true;
        awaited_.push_back(mark.key);
    }
}

const HeldMark* MarkBuffer::find(const core::CommandKey& key) const {
    const auto it = held_.find(key);
    return it == held_.end() ? nullptr : &it->second;
}

std::vector<core::CommandKey> MarkBuffer::due(core::Instant now,
                                              std::size_t calls,
                                              bool all) const {
    std::vector<core::CommandKey> keys = awaited_;
    const std::size_t most = awaited_.size() + std::max(kPerTransaction, calls);
    all = all || held_.size() > kMaxHeld;
    for (const auto& [since, key] : by_age_) {
        if (!all && (now - since < kPatience || keys.size() == most)) {
            break;
        }
        const HeldMark* held = find(key);
        if (held != nullptr && held->since == since && !held->due) {
            keys.push_back(key);
        }
    }
    return keys;
}

void MarkBuffer::forget(const core::CommandKey& key) {
    const auto it = held_.find(key);
    if (it == held_.end()) {
        return;
    }
    if (it->second.due) {
        awaited_.erase(std::find(awaited_.begin(), awaited_.end(), key));
    }
    held_.erase(it);
    trim();
}

void MarkBuffer::trim() {
    while (!by_age_.empty()) {
        const HeldMark* held = find(by_age_.front().second);
        if (held != nullptr && held->since == by_age_.front().first) {
            return;
        }
        by_age_.pop_front();
    }
}

}  // namespace dm::store
