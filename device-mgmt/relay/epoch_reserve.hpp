#pragma once

#include "protocol/time.hpp"

#include <cstdint>
#include <functional>
#include <utility>

namespace dm::relay {

/// Keeps an epoch in the store that is higher than every one given out, well before they are: so
/// the next process begins above them, even when this one is killed and the clock is set back.
class EpochReserve {
public:
    /// Epochs are Unix milliseconds or a little more: about a minute, or as many sessions.
    static constexpr std::uint64_t kMargin = 60'000;

    using Store = std::function<void(std::uint64_t epoch)>;

    /// `reserved`: what the store holds already.
    EpochReserve(std::uint64_t reserved, Store store)
        : reserved_(reserved), store_(std::move(store)) {}

    /// `last`: the highest epoch given out. Call for every one, and every few seconds.
    void cover(std::uint64_t last, proto::WallTime now);

private:
    std::uint64_t reserved_;
    Store store_;
};

}  // namespace dm::relay
