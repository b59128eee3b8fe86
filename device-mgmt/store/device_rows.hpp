#pragma once

#include "device-mgmt/store/device_store.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace dm::store {

/// The table `devices`, as the writer uses it, within its transactions.
class DeviceRows {
public:
    explicit DeviceRows(const Database& database);

    /// True if the device is new in the table.
    bool save(const proto::DeviceDetails& device);

    /// Removes offline devices, those seen longest ago, at most `limit`; returns how many.
    std::size_t prune(std::size_t limit);

private:
    Statement update_;
    Statement insert_;
    Statement prune_;
};

/// Sessions that an earlier process did not see end are over: their devices are offline.
void end_device_sessions(Database& database);

[[nodiscard]] std::optional<proto::DeviceDetails> read_device(const Database& database,
                                                              const proto::DeviceId& device);

[[nodiscard]] DeviceList read_devices(const Database& database, const proto::DevicesQuery& query);

}  // namespace dm::store
