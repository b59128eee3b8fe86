#pragma once

#include "device-mgmt/config.hpp"
#include "device-mgmt/files/unique_fd.hpp"
#include "device-mgmt/store/shared_directory.hpp"
#include "device-mgmt/store/store.hpp"
#include "device-mgmt/store/store_events.hpp"

#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace dm {

/// What a node keeps commands in: a file of its own, or a Redis that it shares with others.
struct NodeStore {
    files::UniqueFd lock;  ///< shared: of the node's own folder, as long as it may use its name
    std::unique_ptr<store::Store> store;
    store::SharedDirectory* directory = nullptr;  ///< of `store` when it is shared
    std::string place;                            ///< for the log
};

/// The error says what to do.
[[nodiscard]] tl::expected<NodeStore, std::string> open_node_store(const Config& config,
                                                                   store::Post post,
                                                                   store::StoreEvents events);

}  // namespace dm
