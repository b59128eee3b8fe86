#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/store/keep_finished.hpp"
#include "device-mgmt/store/shared_directory.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace dm::redis {

/// How long Redis may take for anything; then the connection is given up.
inline constexpr std::chrono::milliseconds kTimeout{2000};

struct RedisSettings {
    std::string url;            ///< `store.redis`; see parse_url
    std::string prefix = "dm";  ///< of all keys
    std::string node;           ///< `node.name`, without `/`
    std::string boot;           ///< of this process alone, without blanks and `/`
    std::string instance;       ///< of what a node keeps on its own disk, the same after a restart
    store::KeepFinished keep;
    std::size_t keep_devices = 1'000'000;  ///< beyond, offline ones go
    core::Clock clock = core::read_clock;
    /// A Redis that may forget what it has answered is used all the same: for tests and benches.
    bool allow_volatile = false;

    // Settings for tests.
    std::chrono::milliseconds lease = store::SharedDirectory::kLease;
    std::chrono::milliseconds lease_renewal = store::SharedDirectory::kLeaseRenewal;
    std::chrono::milliseconds lease_doubt = store::SharedDirectory::kLeaseDoubt;
    std::chrono::milliseconds timeout = kTimeout;
};

}  // namespace dm::redis
