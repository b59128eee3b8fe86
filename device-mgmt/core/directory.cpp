#include "device-mgmt/core/directory.hpp"

#include <algorithm>
#include <utility>

namespace dm::core {

Directory::Claim Directory::claim(const proto::DeviceId& device,
                                  SessionRef session,
                                  const std::string& remote,
                                  Moment now,
                                  Instant admitted) {
    const auto it = entries_.find(device);
    if (it != entries_.end()) {
        if (admitted < it->second.admitted) {
            return {false, 0, it->second, {}, true};
        }
        if (const auto retry = refuse_duel(device, now.mono)) {
            return {false, 0, it->second, *retry};
        }
    }
    const auto unix_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.wall.time_since_epoch().count()));
    return grant(device,
                 {session,
                  std::max(last_epoch_ + 1, unix_ms),
                  now.wall,
                  remote,
                  std::nullopt,
                  std::nullopt,
                  admitted});
}

Directory::Claim Directory::grant(const proto::DeviceId& device, DirectoryEntry entry) {
    const std::uint64_t epoch = entry.epoch;
    last_epoch_ = std::max(last_epoch_, epoch);
    const auto it = entries_.find(device);
    if (it == entries_.end()) {
        entries_.emplace(device, std::move(entry));
        return {true, epoch, std::nullopt, {}};
    }
    return {true, epoch, std::exchange(it->second, std::move(entry)), {}};
}

std::optional<std::chrono::milliseconds> Directory::refuse_duel(const proto::DeviceId& device,
                                                                Instant now) {
    Duel& duel = duels_[device];
    duel.last = now;
    while (!duel.takeovers.empty() && now - duel.takeovers.front() >= kDuelWindow) {
        duel.takeovers.pop_front();
    }
    if (duel.takeovers.size() < kMaxTakeovers) {
        duel.takeovers.push_back(now);
        duel.retry = {};
        return std::nullopt;
    }
    duel.retry = duel.retry.count() == 0 ? kFirstRetry : std::min(kLastRetry, duel.retry * 2);
    return duel.retry;
}

std::optional<DirectoryEntry> Directory::release(const proto::DeviceId& device,
                                                 SessionRef session) {
    const auto it = entries_.find(device);
    if (it == entries_.end() || it->second.session != session) {
        return std::nullopt;
    }
    std::optional<DirectoryEntry> taken = std::move(it->second);
    entries_.erase(it);
    return taken;
}

DirectoryEntry* Directory::owned(const proto::DeviceId& device, SessionRef session) {
    const auto it = entries_.find(device);
    return it != entries_.end() && it->second.session == session ? &it->second : nullptr;
}

const DirectoryEntry* Directory::find(const proto::DeviceId& device) const {
    const auto it = entries_.find(device);
    return it == entries_.end() ? nullptr : &it->second;
}

void Directory::forget_calm(Instant now) {
    for (auto it = duels_.begin(); it != duels_.end();) {
        it = now - it->second.last >= kDuelWindow ? duels_.erase(it) : std::next(it);
    }
}

}  // namespace dm::core
