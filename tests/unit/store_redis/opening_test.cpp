#include "tests/unit/store_redis/redis_node.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

std::string problem(const redis::RedisSettings& settings) {
    Posted posted;
    const auto opened = redis::RedisStore::open(settings, posted.post(), {});
    return opened ? "none" : opened.error();
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a Redis that does not sync before it answers is refused, unless that is wanted") {
    SUBCASE("no append-only file") {
        const RedisProcess server({"--appendonly", "no"});
        redis::RedisSettings settings = settings_of(server, "n1");
        CHECK(has(problem(settings), "set `appendonly yes` in redis.conf"));
        settings.allow_volatile = true;
        CHECK(problem(settings) == "none");
    }
    SUBCASE("synced every second") {
        const RedisProcess server({"--appendfsync", "everysec"});
        CHECK(has(problem(settings_of(server, "n1")), "set `appendfsync always`"));
    }
    SUBCASE("keys may be evicted") {
        const RedisProcess server({"--maxmemory-policy", "allkeys-lru"});
        redis::RedisSettings settings = settings_of(server, "n1");
        settings.allow_volatile = true;
        CHECK(has(problem(settings), "set `maxmemory-policy noeviction`"));
    }
}

TEST_CASE("a Redis that is not there, is a replica or wants a password is refused") {
    RedisProcess server;
    redis::RedisSettings settings = settings_of(server, "n1");
    SUBCASE("not there") {
        server.kill();
        CHECK(has(problem(settings), "Redis at 127.0.0.1:"));
        CHECK(has(problem(settings), "Connection refused"));
    }
    SUBCASE("a replica") {
        server.tell({"REPLICAOF", "127.0.0.1", "1"});
        CHECK(has(problem(settings), "give the address of the primary"));
    }
    SUBCASE("a password") {
        server.tell({"CONFIG", "SET", "requirepass", "opensesame"});
        CHECK(has(problem(settings), "NOAUTH"));
        const std::string rest = settings.url.substr(8);
        settings.url = "redis://:wrongword@" + rest;
        CHECK(has(problem(settings), "WRONGPASS"));
        CHECK_FALSE(has(problem(settings), "wrongword"));
        settings.url = "redis://:opensesame@" + rest + "/3";
        CHECK(problem(settings) == "none");
    }
    SUBCASE("no URL of a Redis") {
        settings.url = "rediss://:opensesame@host";
        CHECK(has(problem(settings), "store.redis: rediss://"));
        CHECK_FALSE(has(problem(settings), "opensesame"));
    }
    SUBCASE("a name with a slash") {
        settings.node = "n/1";
        CHECK(has(problem(settings), "node.name"));
    }
}

TEST_CASE("settings that may not be read are a warning") {
    const RedisProcess server;
    server.tell({"ACL", "SETUSER", "dm", "on", ">word", "~*", "&*", "+@all", "-config"});
    redis::RedisSettings settings = settings_of(server, "n1");
    settings.url = "redis://dm:word@" + settings.url.substr(8);
    RedisNode node(settings);
    REQUIRE(node->warnings().size() == 3);
    CHECK(has(node->warnings()[1], "appendfsync always"));
    node.accept(accepted(key("c-1")));
}

TEST_CASE("stores with other prefixes or databases do not see each other") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    redis::RedisSettings other = settings_of(server, "n1");
    SUBCASE("prefix") {
        other.prefix = "test";
    }
    SUBCASE("database") {
        other.url += "/1";
    }
    RedisNode two(other);
    one.accept(accepted(key("c-1")));
    CHECK_FALSE(two.query(key("c-1")));
    two.accept(accepted(key("c-1")));
    CHECK(two.lost.empty());
}
