#include "device-mgmt/net/address_rates.hpp"

#include <chrono>
#include <functional>
#include <iterator>
#include <string_view>

namespace dm::net {

std::size_t AddressRates::Hash::operator()(const AddressKey& key) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(key.data()), key.size()});
}

bool AddressRates::admit(const AddressKey& address, core::Instant now) {
    return per_second_ <= 0 || bucket_of(address, now).take(now);
}

core::TokenBucket& AddressRates::bucket_of(const AddressKey& address, core::Instant now) {
    if (const auto found = buckets_.find(address); found != buckets_.end()) {
        found->second.last_used = now;
        return found->second.tokens;
    }
    if (buckets_.size() >= kMaxAddresses && now >= next_sweep_) {
        forget_full(now);
        next_sweep_ = now + std::chrono::seconds{1};
    }
    if (buckets_.size() >= kMaxAddresses) {
        return shared_;
    }
    const core::TokenBucket full{per_second_, burst_, now};
    return buckets_.emplace(address, Bucket{full, now}).first->second.tokens;
}

void AddressRates::forget_full(core::Instant now) {
    const std::chrono::duration<double> time_to_fill{burst_ / per_second_};
    for (auto at = buckets_.begin(); at != buckets_.end();) {
        const bool full = now - at->second.last_used >= time_to_fill;
        at = full ? buckets_.erase(at) : std::next(at);
    }
}

}  // namespace dm::net
