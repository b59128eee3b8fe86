#pragma once

#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dm::control {

/// Which nodes and devices there are, as retained messages tell. Rebuilt with every subscription;
/// nothing here must survive. One thread.
class Fleet {
public:
    static constexpr std::size_t kMaxDevices = 1'000'000;  ///< more are left out, and counted
    static constexpr std::size_t kMaxNodes = 1000;

    struct Device {
        bool online = false;
        std::uint64_t epoch = 0;
        std::string node;
        std::size_t digest = 0;  ///< of the message, which tells model and firmware as well
    };

    struct Node {
        std::string state;  ///< `up`, `draining`, `down`
        std::string data;   ///< the message
    };

    /// A presence message; empty when it is older than what is known or the same, or unreadable.
    /// An empty payload forgets the device.
    std::optional<proto::DeviceId> take_presence(std::string_view topic_device,
                                                 const std::string& payload);

    /// Whether a message about a node is news.
    bool take_node(const std::string& name, const std::string& payload);

    [[nodiscard]] const Device* find(const proto::DeviceId& device) const;

    [[nodiscard]] std::size_t devices() const { return devices_.size(); }

    [[nodiscard]] std::size_t online() const { return online_; }

    /// Nodes that say they are up.
    [[nodiscard]] std::size_t nodes_up() const;

    [[nodiscard]] const std::map<std::string, Node>& nodes() const { return nodes_; }

private:
    std::map<std::string, Device> devices_;
    std::map<std::string, Node> nodes_;
    std::size_t online_ = 0;
};

}  // namespace dm::control
