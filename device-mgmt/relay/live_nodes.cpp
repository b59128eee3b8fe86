#include "device-mgmt/relay/live_nodes.hpp"

#include "protocol/operator_messages.hpp"

#include <utility>

namespace dm::relay {

LiveNodes::LiveNodes(const proto::Topics& topics, std::string own_name)
    : prefix_(topics.prefix() + "/nodes/"), own_name_(std::move(own_name)) {}

bool LiveNodes::take(const broker::InboundMessage& message) {
    if (message.topic.compare(0, prefix_.size(), prefix_) != 0) {
        return false;
    }
    std::string name = message.topic.substr(prefix_.size());
    if (name == own_name_) {
        return true;
    }
    const bool up = proto::node_state(message.payload) == "up";
    const std::lock_guard lock(mutex_);
    if (!up) {
        up_.erase(name);
    } else if (up_.size() < kMaxNodes) {
        up_.insert(std::move(name));
    }
    return true;
}

std::size_t LiveNodes::others() const {
    const std::lock_guard lock(mutex_);
    return up_.size();
}

}  // namespace dm::relay
