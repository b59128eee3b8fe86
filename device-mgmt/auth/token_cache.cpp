#include "device-mgmt/auth/token_cache.hpp"

#include <cstring>
#include <utility>

namespace dm::auth {

std::size_t TokenCache::Hash::operator()(const Sha256& token) const noexcept {
    // Nobody can choose where a SHA-256 begins, but for billions of trials per bit.
    std::size_t start = 0;
    std::memcpy(&start, token.data(), sizeof start);
    return start;
}

const Claims* TokenCache::find(const Sha256& token) const {
    const auto found = claims_.find(token);
    return found == claims_.end() ? nullptr : &found->second;
}

void TokenCache::add(const Sha256& token, Claims claims) {
    if (claims_.size() >= capacity_) {
        claims_.clear();
    }
    claims_.insert_or_assign(token, std::move(claims));
}

void TokenCache::remove(const Sha256& token) {
    claims_.erase(token);
}

void TokenCache::clear() {
    claims_.clear();
}

}  // namespace dm::auth
