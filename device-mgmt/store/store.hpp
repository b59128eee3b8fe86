#pragma once

#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/device_store.hpp"
#include "device-mgmt/store/query.hpp"

namespace dm::store {

/// Everything a node keeps in one place.
class Store : public CommandStore, public CommandQueries, public DeviceStore {
public:
    template <class What>
    using Answer = CommandQueries::Answer<What>;
};

}  // namespace dm::store
