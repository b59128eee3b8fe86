#include "control/fleet/fleet.hpp"

#include "protocol/json_fields.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace dm::control {

namespace {

/// The boolean field, which FieldReader would refuse in any other kind.
struct PresenceFields {
    bool online = false;
    std::uint64_t epoch = 0;
    std::string node;
};

std::optional<PresenceFields> read_presence(const std::string& payload) {
    auto fields = proto::read_object(payload);
    if (!fields) {
        return std::nullopt;
    }
    proto::FieldReader in(*std::move(fields));
    PresenceFields read;
    read.online = in.json("online") == "true";
    read.epoch = in.natural("epoch", 0, UINT64_MAX);
    read.node = in.text("node", proto::Name::kMaxLength);
    return in.problem() ? std::nullopt : std::optional(read);
}

}  // namespace

std::optional<proto::DeviceId> Fleet::take_presence(std::string_view topic_device,
                                                    const std::string& payload) {
    const auto device = proto::DeviceId::parse(topic_device);
    if (!device) {
        return std::nullopt;
    }
    const auto known = devices_.find(device->str());
    if (payload.empty()) {
        if (known != devices_.end()) {
            online_ -= known->second.online ? 1U : 0U;
            devices_.erase(known);
        }
        return std::nullopt;
    }
    const auto read = read_presence(payload);
    if (!read || (known != devices_.end() && read->epoch < known->second.epoch) ||
        (known == devices_.end() && devices_.size() >= kMaxDevices)) {
        return std::nullopt;
    }
    Device& entry = devices_[device->str()];
    const std::size_t digest = std::hash<std::string>{}(payload);
    const bool same = entry.epoch == read->epoch && entry.digest == digest;
    online_ += read->online ? 1U : 0U;
    online_ -= entry.online ? 1U : 0U;
    entry = {read->online, read->epoch, read->node, digest};
    return same ? std::nullopt : std::optional(*device);
}

bool Fleet::take_node(const std::string& name, const std::string& payload) {
    if (payload.empty()) {
        return nodes_.erase(name) != 0;
    }
    auto fields = proto::read_object(payload);
    if (!fields || (nodes_.count(name) == 0 && nodes_.size() >= kMaxNodes)) {
        return false;
    }
    proto::FieldReader in(*std::move(fields));
    std::string state = in.text("state", 64);
    if (in.problem()) {
        return false;
    }
    Node& node = nodes_[name];
    const bool same = node.data == payload;
    node = {std::move(state), payload};
    return !same;
}

const Fleet::Device* Fleet::find(const proto::DeviceId& device) const {
    const auto found = devices_.find(device.str());
    return found == devices_.end() ? nullptr : &found->second;
}

std::size_t Fleet::nodes_up() const {
    return static_cast<std::size_t>(
        std::count_if(nodes_.begin(), nodes_.end(), [](const auto& entry) {
            return entry.second.state == "up";
        }));
}

}  // namespace dm::control
