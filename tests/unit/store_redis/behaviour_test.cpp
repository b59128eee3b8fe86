#include "tests/unit/store_redis/redis_node.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <doctest/doctest.h>

namespace {

struct Redis {
    explicit Redis(dm::test::Posted& posted) {
        dm::redis::RedisSettings settings = dm::test::settings_of(server, "n1");
        settings.keep = {std::chrono::hours(24), 10};
        settings.clock = [] { return dm::test::kStart; };
        auto opened = dm::redis::RedisStore::open(settings, posted.post(), {});
        REQUIRE(opened);
        store = std::move(*opened);
    }

    dm::test::RedisProcess server;
    std::unique_ptr<dm::redis::RedisStore> store;
};

using StoreKind = Redis;

}  // namespace

#include "tests/support/store_behaviour.hpp"
