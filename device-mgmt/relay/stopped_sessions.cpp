#include "device-mgmt/relay/stopped_sessions.hpp"

#include "protocol/codes.hpp"

namespace dm::relay {

void StoppedSessions::pump() {
    if (reading_ || over_) {
        return;
    }
    reading_ = true;
    store_.list_devices({false, "", kPage, behind_}, [this](const auto& page) {
        reading_ = false;
        if (page) {
            take(*page);
        }  // else: the store is busy; the next pump asks again
    });
}

void StoppedSessions::take(const store::DeviceList& page) {
    for (const proto::DeviceDetails& device : page.devices) {
        if (device.reason == store::kNodeStopped && device.node == node_) {
            tell_(device);
        }
    }
    over_ = !page.more || page.devices.empty();
    if (!over_) {
        behind_ = page.devices.back().device;
    }
}

}  // namespace dm::relay
