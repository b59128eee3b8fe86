#pragma once

#include "device-mgmt/auth/claims.hpp"
#include "device-mgmt/auth/sha256.hpp"

#include <cstddef>
#include <unordered_map>

namespace dm::auth {

/// Verified tokens by their SHA-256, so that a device that comes back costs one hash. Holds at most
/// `capacity`, then forgets all and starts over: simpler than picking, and a full cache means that
/// most of it has expired. Times are checked by the reader at every use.
class TokenCache {
public:
    explicit TokenCache(std::size_t capacity) : capacity_(capacity) {}

    /// Valid until the next change; nullptr if not there.
    [[nodiscard]] const Claims* find(const Sha256& token) const;
    void add(const Sha256& token, Claims claims);
    void remove(const Sha256& token);
    void clear();

    [[nodiscard]] std::size_t size() const { return claims_.size(); }

private:
    struct Hash {
        std::size_t operator()(const Sha256& token) const noexcept;
    };

    std::size_t capacity_;
    std::unordered_map<Sha256, Claims, Hash> claims_;
};

}  // namespace dm::auth
