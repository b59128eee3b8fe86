#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/token_bucket.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace dm::net {

/// An IPv4 address, or the /64 an IPv6 address is in: what one customer line is given.
using AddressKey = std::array<std::uint8_t, 8>;

/// One token bucket per address. At most kMaxAddresses are remembered: then those are forgotten
/// whose bucket is full again, and if there are none, unknown addresses share one bucket.
class AddressRates {
public:
    static constexpr std::size_t kMaxAddresses = 8192;

    /// `per_second` ≤ 0: everything is admitted.
    AddressRates(double per_second, double burst)
        : per_second_(per_second), burst_(burst), shared_(per_second, burst, {}) {}

    /// Takes a token of `address`, if there is one.
    [[nodiscard]] bool admit(const AddressKey& address, core::Instant now);

    [[nodiscard]] std::size_t remembered() const { return buckets_.size(); }

private:
    struct Bucket {
        core::TokenBucket tokens;
        core::Instant last_used;
    };

    struct Hash {
        std::size_t operator()(const AddressKey& key) const;
    };

    [[nodiscard]] core::TokenBucket& bucket_of(const AddressKey& address, core::Instant now);
    void forget_full(core::Instant now);

    double per_second_;
    double burst_;
    std::unordered_map<AddressKey, Bucket, Hash> buckets_;
    core::TokenBucket shared_;
    core::Instant next_sweep_{};  ///< sweeping costs a pass over all: at most once a second
};

}  // namespace dm::net
