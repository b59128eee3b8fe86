#include "device-mgmt/node_store.hpp"

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/redis/redis_store.hpp"
#include "device-mgmt/redis/url.hpp"
#include "device-mgmt/relay/uuid.hpp"
#include "device-mgmt/settings/text_rules.hpp"
#include "device-mgmt/store/files.hpp"
#include "device-mgmt/store/sqlite_store.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

namespace dm {

namespace {

tl::expected<NodeStore, std::string> open_sqlite(const Config& config,
                                                 store::Post post,
                                                 store::StoreEvents events) {
    store::SqliteSettings settings;
    settings.path = config.store.sqlite;
    settings.node = config.node.name;
    settings.keep = {config.store.keep_finished, config.store.keep_finished_max};
    settings.keep_devices = config.store.keep_devices_max;
    auto opened = store::SqliteStore::open(std::move(settings), std::move(post), std::move(events));
    if (!opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    NodeStore made;
    made.store = std::move(*opened);
    made.place = config.store.sqlite;
    return made;
}

/// What a node is after a restart as before, and no other one is at the same time: who holds the
/// lock of this folder on this machine.
std::string instance_of(const std::filesystem::path& folder) {
    return settings::host_name() + ":" + std::filesystem::absolute(folder).string();
}

tl::expected<NodeStore, std::string> open_redis(const Config& config,
                                                store::Post post,
                                                store::StoreEvents events) {
    const std::filesystem::path folder = config.store.ingress;
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    // Before the lease is asked for: the one of an earlier process of this folder is taken at once.
    auto lock = store::lock_file((folder / "node.lock").string());
    if (!lock) {
        return tl::unexpected(std::move(lock.error()));
    }
    redis::RedisSettings settings;
    settings.url = config.store.redis;
    settings.prefix = config.broker.prefix;
    settings.node = config.node.name;
    settings.boot = relay::UuidSource().next(core::read_clock().wall);
    settings.instance = instance_of(folder);
    settings.keep = {config.store.keep_finished, config.store.keep_finished_max};
    settings.keep_devices = config.store.keep_devices_max;
    auto opened = redis::RedisStore::open(settings, std::move(post), std::move(events));
    if (!opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    for (const std::string& warning : (*opened)->warnings()) {
        log::warn("store_unchecked", {{"what", warning}});
    }
    NodeStore made;
    made.lock = std::move(*lock);
    made.directory = opened->get();
    made.store = std::move(*opened);
    made.place = redis::parse_url(config.store.redis)->place();
    return made;
}

}  // namespace

tl::expected<NodeStore, std::string> open_node_store(const Config& config,
                                                     store::Post post,
                                                     store::StoreEvents events) {
    return config.store.redis.empty() ? open_sqlite(config, std::move(post), std::move(events))
                                      : open_redis(config, std::move(post), std::move(events));
}

}  // namespace dm
