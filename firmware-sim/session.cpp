#include "firmware-sim/session.hpp"

#include <algorithm>

namespace dm::sim {
namespace {

/// Shorter periods would only burn the machine that simulates.
constexpr std::chrono::milliseconds kShortestHeartbeat{100};

}  // namespace

void Session::on_welcome(const proto::Welcome& welcome, Moment now, Random& random) {
    heartbeat_ = std::max<std::chrono::milliseconds>(welcome.heartbeat, kShortestHeartbeat);
    next_heartbeat_ = now.mono + random.between(std::chrono::milliseconds{0}, heartbeat_);
    if (welcome.expires_at) {
        on_renewed(*welcome.expires_at, now);
    }
}

bool Session::heartbeat_due(Instant now, Random& random) {
    if (now < next_heartbeat_) {
        return false;
    }
    next_heartbeat_ = now + random.between(heartbeat_ * 9 / 10, heartbeat_);
    return true;
}

bool Session::renewal_due(Instant now) {
    if (!renewal_ || now < *renewal_) {
        return false;
    }
    renewal_.reset();
    return true;
}

void Session::on_renewed(proto::WallTime expires_at, Moment now) {
    const auto left = std::max(expires_at - now.wall, std::chrono::milliseconds{0});
    renewal_ = now.mono + left * 4 / 5;
}

Instant Session::silent_at() const {
    const std::chrono::milliseconds patience{static_cast<std::chrono::milliseconds::rep>(
        kSilentBeats * static_cast<double>(heartbeat_.count()))};
    return last_heard_ + patience;
}

Instant Session::next_due() const {
    const Instant due = std::min(next_heartbeat_, silent_at());
    return renewal_ ? std::min(due, *renewal_) : due;
}

}  // namespace dm::sim
