#pragma once

#include "device-mgmt/store/query.hpp"
#include "protocol/query_answer.hpp"
#include "protocol/query_request.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace dm::store {

/// Why a device is offline whose session ended with its server.
inline constexpr std::string_view kNodeStopped = "node_stopped";

/// A page of the fleet, by device id.
struct DeviceList {
    std::vector<proto::DeviceDetails> devices;
    bool more = false;
};

/// What is known of devices beyond their sessions. Calls and answers as those of CommandStore and
/// CommandQueries; nothing here waits for a disk, and nothing is kept that a device's next session
/// would not tell again, but for when it was first seen.
class DeviceStore {
public:
    template <class What>
    using Answer = CommandQueries::Answer<What>;

    virtual ~DeviceStore() = default;

    /// Goes with whatever transaction comes soon; of several of one device the latest counts, and
    /// one of an earlier session than is stored does not. `first_seen` counts for a new device
    /// only; a model, firmware or labels that are not given stay as they were.
    virtual void save_device(proto::DeviceDetails device) = 0;

    virtual void find_device(proto::DeviceId device,
                             Answer<std::optional<proto::DeviceDetails>> answer) = 0;

    virtual void list_devices(proto::DevicesQuery query, Answer<DeviceList> answer) = 0;
};

}  // namespace dm::store
