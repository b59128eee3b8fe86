#pragma once

#include "device-mgmt/store/device_store.hpp"

#include <functional>
#include <optional>
#include <string>

namespace dm::relay {

/// Sessions that ended with an earlier process of this node, which could not say so: the broker may
/// still hold a retained presence that calls their devices online. Goes through the devices that
/// are known to be offline, once, a page at a time.
///
/// A process that dies on the way begins anew with its next start: telling it again is harmless.
/// One thread: the relay's. The store's answers must not outlive this object.
class StoppedSessions {
public:
    /// Devices read at once.
    static constexpr std::size_t kPage = proto::kMaxQueryLimit;

    /// Called for each device whose last session ended so.
    using Tell = std::function<void(const proto::DeviceDetails&)>;

    StoppedSessions(store::DeviceStore& store, std::string node, Tell tell)
        : store_(store), node_(std::move(node)), tell_(std::move(tell)) {}

    /// Reads the next page, unless one is on its way or all have been read. Call when there is room
    /// for kPage messages.
    void pump();

private:
    void take(const store::DeviceList& page);

    store::DeviceStore& store_;
    std::string node_;
    Tell tell_;
    std::optional<proto::DeviceId> behind_;  ///< the last device of the page before
    bool reading_ = false;
    bool over_ = false;
};

}  // namespace dm::relay
