#include "tests/unit/store_redis/redis_node.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <doctest/doctest.h>

namespace {

struct Redis {
    explicit Redis(dm::test::Posted& posted) {
        dm::redis::RedisSettings settings = dm::test::settings_of(server, "n1");
        settings.keep_devices = dm::test::kDevicesKept;
        settings.clock = [] { return dm::test::kStart; };
        auto opened = dm::redis::RedisStore::open(settings, posted.post(), {});
        REQUIRE(opened);
        store = std::move(*opened);
    }

    dm::test::RedisProcess server;
    std::unique_ptr<dm::redis::RedisStore> store;
};

using FleetKind = Redis;

}  // namespace

#include "tests/support/fleet_behaviour.hpp"
