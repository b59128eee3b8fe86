#include "device-mgmt/relay/claims.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace dm::relay {

namespace {

auto of_session(std::vector<Claim>& claims, core::SessionRef session) {
    return std::find_if(claims.begin(), claims.end(), [session](const Claim& claim) {
        return claim.session == session;
    });
}

}  // namespace

std::optional<core::Instant> Claims::admitted(const proto::DeviceId& device) const {
    const auto it = claims_.find(device);
    if (it == claims_.end()) {
        return std::nullopt;
    }
    core::Instant latest = core::Instant::min();
    for (const Claim& claim : it->second) {
        latest = std::max(latest, claim.opened.admitted);
    }
    return latest;
}

void Claims::begin(const proto::DeviceId& device, Claim claim) {
    claims_[device].push_back(std::move(claim));
}

Claims::Held Claims::hold(core::Report& report) {
    const auto it = claims_.find(report.device);
    if (it == claims_.end()) {
        return Held::no;
    }
    const auto claim = of_session(it->second, report.from);
    if (claim == it->second.end()) {
        return Held::no;
    }
    if (claim->held.size() >= kMaxHeld &&
        !std::holds_alternative<core::SessionClosed>(report.body)) {
        return Held::dropped;
    }
    claim->held.push_back(std::move(report));
    return Held::yes;
}

std::optional<Claim> Claims::take(const proto::DeviceId& device, core::SessionRef session) {
    const auto it = claims_.find(device);
    if (it == claims_.end()) {
        return std::nullopt;
    }
    const auto found = of_session(it->second, session);
    if (found == it->second.end()) {
        return std::nullopt;
    }
    std::optional<Claim> claim = std::move(*found);
    it->second.erase(found);
    if (it->second.empty()) {
        claims_.erase(it);
    }
    return claim;
}

std::vector<core::SessionRef> Claims::overdue(core::Instant now) {
    std::vector<core::SessionRef> sessions;
    for (auto& [device, claims] : claims_) {
        for (Claim& claim : claims) {
            if (!claim.given_up && now - claim.begun >= kPatience) {
                claim.given_up = true;
                sessions.push_back(claim.session);
            }
        }
    }
    return sessions;
}

}  // namespace dm::relay
