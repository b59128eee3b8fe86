#include "device-mgmt/store/device_buffer.hpp"

#include <algorithm>
#include <utility>

namespace dm::store {

proto::DeviceDetails merge(proto::DeviceDetails device, const proto::DeviceDetails& earlier) {
    if (earlier.epoch > device.epoch) {
        return earlier;
    }
    device.first_seen = earlier.first_seen;
    const auto keep = [](auto& now, const auto& before) {
        if (!now) {
            now = before;
        }
    };
    keep(device.model, earlier.model);
    keep(device.firmware, earlier.firmware);
    keep(device.labels, earlier.labels);
    return device;
}

void DeviceBuffer::hold(proto::DeviceDetails device) {
    const auto it = held_.find(device.device);
    if (it != held_.end()) {
        it->second = merge(std::move(device), it->second);
        return;
    }
    order_.push_back(device.device);
    held_.emplace(order_.back(), std::move(device));
}

std::vector<const proto::DeviceDetails*> DeviceBuffer::next(std::size_t limit) const {
    std::vector<const proto::DeviceDetails*> devices;
    devices.reserve(std::min(limit, order_.size()));
    for (std::size_t i = 0; i < std::min(limit, order_.size()); ++i) {
        devices.push_back(&held_.at(order_[i]));
    }
    return devices;
}

void DeviceBuffer::forget(std::size_t count) {
    for (; count > 0; --count) {
        held_.erase(order_.front());
        order_.pop_front();
    }
}

}  // namespace dm::store
