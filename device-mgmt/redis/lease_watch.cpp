#include "device-mgmt/redis/lease_watch.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

void LeaseWatch::begin(core::Instant sent, std::string token) {
    held_since_ = sent;
    token_ = std::move(token);
    doubtful_ = false;
}

core::Duration LeaseWatch::until_due(core::Instant now) const {
    return std::max(core::Duration::zero(), held_since_ + renewal_ - now);
}

std::optional<store::Lease> LeaseWatch::look(core::Instant now) {
    if (doubtful_ || now - held_since_ < doubt_) {
        return std::nullopt;
    }
    doubtful_ = true;
    return store::Lease::doubtful;
}

std::optional<store::Lease> LeaseWatch::renewed(core::Instant sent, const std::string& token) {
    const bool lapsed = token != token_;
    const bool was_doubtful = doubtful_;
    begin(sent, token);
    if (lapsed) {
        return store::Lease::lapsed;
    }
    return was_doubtful ? std::optional(store::Lease::held) : std::nullopt;
}

}  // namespace dm::redis
