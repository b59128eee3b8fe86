#include "device-mgmt/relay/followers.hpp"

#include <utility>

namespace dm::relay {

bool Followers::wait(core::Submission& submission, core::Instant now) {
    if (waiting_.size() >= kMax) {
        return false;
    }
    core::CommandKey key{submission.device, *submission.request.after};
    waiting_.emplace(std::move(key), Waiting{std::move(submission), now});
    return true;
}

std::vector<core::Submission> Followers::take(const core::CommandKey& key) {
    std::vector<core::Submission> followers;
    const auto [first, last] = waiting_.equal_range(key);
    for (auto it = first; it != last; ++it) {
        followers.push_back(std::move(it->second.submission));
    }
    waiting_.erase(first, last);
    return followers;
}

std::vector<core::Submission> Followers::take_overdue(core::Instant now) {
    std::vector<core::Submission> overdue;
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        if (now - it->second.since < kPatience) {
            ++it;
            continue;
        }
        overdue.push_back(std::move(it->second.submission));
        it = waiting_.erase(it);
    }
    return overdue;
}

}  // namespace dm::relay
