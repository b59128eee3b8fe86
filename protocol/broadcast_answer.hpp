#pragma once

#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What the publisher of a broadcast is told on its Response Topic, by each node.
namespace dm::proto {

/// Of device ids in one part; with their quotes they stay below the 64 KiB of a payload.
inline constexpr std::size_t kMaxDevicesPerPart = 900;

/// Which devices get a command; one message per part.
struct BroadcastAddressed {
    std::string id;
    Name group;
    std::string node;
    WallTime time;
    std::size_t addressed = 0;  ///< on this node, in all parts
    std::size_t part = 1;       ///< 1 … parts
    std::size_t parts = 1;
    std::vector<DeviceId> devices;
};

[[nodiscard]] std::string to_json(const BroadcastAddressed& answer);

/// Every command of a broadcast is accepted, or rejected and that told.
struct BroadcastAccepted {
    std::string id;
    Name group;
    std::string node;
    WallTime time;
    std::size_t addressed = 0;
    std::size_t accepted = 0;
    std::size_t rejected = 0;
};

[[nodiscard]] std::string to_json(const BroadcastAccepted& answer);

/// A message has been handed to the connections of a group.
struct BroadcastSent {
    Name group;
    std::string node;
    WallTime time;
    std::size_t addressed = 0;
    std::size_t sent = 0;  ///< the others read too slowly, or were gone
};

[[nodiscard]] std::string to_json(const BroadcastSent& answer);

}  // namespace dm::proto
