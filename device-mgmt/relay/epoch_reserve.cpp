#include "device-mgmt/relay/epoch_reserve.hpp"

#include <algorithm>

namespace dm::relay {

void EpochReserve::cover(std::uint64_t last, proto::WallTime now) {
    const auto unix_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.time_since_epoch().count()));
    const std::uint64_t next = std::max(last + 1, unix_ms);
    if (next + kMargin > reserved_) {
        reserved_ = next + 2 * kMargin;
        store_(reserved_);
    }
}

}  // namespace dm::relay
