#pragma once

#include "device-mgmt/store/device_store.hpp"

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <vector>

namespace dm::store {

/// `device` with what was told of it earlier and not since.
[[nodiscard]] proto::DeviceDetails merge(proto::DeviceDetails device,
                                         const proto::DeviceDetails& earlier);

/// Devices between the call and a transaction, each once. When thousands come back at once they go
/// a few at a time, with transactions that are made for commands.
class DeviceBuffer {
public:
    /// Devices in a transaction of the caller's thread, in one that somebody waits for, and in
    /// another.
    static constexpr std::size_t kPerCallersTurn = 4;
    static constexpr std::size_t kPerTransaction = 200;
    static constexpr std::size_t kPerIdleTransaction = 2000;
    /// With more than this every transaction takes kPerIdleTransaction.
    static constexpr std::size_t kMaxHeld = 50'000;

    void hold(proto::DeviceDetails device);

    /// Those that go next, the ones held longest first. They stay until `forget`.
    [[nodiscard]] std::vector<const proto::DeviceDetails*> next(std::size_t limit) const;

    /// The first `count` of `next` are durable.
    void forget(std::size_t count);

    [[nodiscard]] std::size_t size() const { return held_.size(); }

private:
    std::unordered_map<proto::DeviceId, proto::DeviceDetails> held_;
    std::deque<proto::DeviceId> order_;
};

}  // namespace dm::store
