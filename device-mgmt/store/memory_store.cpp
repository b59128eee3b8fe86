#include "device-mgmt/store/memory_store.hpp"

#include <algorithm>
#include <utility>

namespace dm::store {

MemoryStore::MemoryStore(MemoryStoreSettings settings, Post post)
    : settings_(settings), post_(std::move(post)) {
    settings_.keep_finished_max = std::min(settings_.keep_finished_max, kMaxFinishedInMemory);
}

void MemoryStore::accept(const core::Command& /*command*/, Done done) {
    post_(std::move(done));
}

void MemoryStore::finish(core::FinishedCommand finished, Done done) {
    const proto::WallTime now = finished.finished_at;
    core::CommandKey key = finished.key;
    if (finished_.insert_or_assign(key, std::move(finished)).second) {
        by_age_.push_back(std::move(key));
    }
    forget(now);
    post_(std::move(done));
}

void MemoryStore::find_finished(const core::CommandKey& key, Found found) {
    const auto it = finished_.find(key);
    post_([found = std::move(found),
           result = it == finished_.end() ? std::nullopt : std::optional(it->second)] {
        found(result);
    });
}

std::chrono::milliseconds MemoryStore::dedup_horizon(proto::WallTime now) const {
    if (by_age_.empty()) {
        return {};
    }
    // The wall clock may have been set back since.
    return std::max(std::chrono::milliseconds::zero(),
                    now - finished_.at(by_age_.front()).finished_at);
}

void MemoryStore::forget(proto::WallTime now) {
    while (!by_age_.empty()) {
        const auto it = finished_.find(by_age_.front());
        const bool too_many = by_age_.size() > settings_.keep_finished_max;
        if (!too_many && now - it->second.finished_at < settings_.keep_finished) {
            return;
        }
        finished_.erase(it);
        by_age_.pop_front();
    }
}

}  // namespace dm::store
