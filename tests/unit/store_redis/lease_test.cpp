#include "tests/unit/store_redis/redis_node.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using store::Lease;

namespace {

redis::RedisSettings quick(const RedisProcess& server, const std::string& node) {
    redis::RedisSettings settings = settings_of(server, node);
    settings.lease = 600ms;
    settings.lease_renewal = 100ms;
    settings.lease_doubt = 400ms;
    settings.timeout = 200ms;
    return settings;
}

bool told(const RedisNode& node, Lease lease) {
    return std::count(node.leases.begin(), node.leases.end(), lease) > 0;
}

}  // namespace

TEST_CASE("a lease is renewed while the process lives, and gone after its end") {
    const RedisProcess server;
    RedisNode one(quick(server, "n1"));
    RedisNode two(quick(server, "n2"));
    CHECK(server.ask({"GET", "dm:lease:n1"}).text.find("disk of n1") != std::string::npos);
    static_cast<void>(one.attach("d-1"));
    // For longer than it lasts.
    const core::Instant begun = core::read_clock().mono;
    while (core::read_clock().mono - begun < 900ms) {
        CHECK(std::holds_alternative<store::Elsewhere>(two.try_own("d-1")));
    }
    CHECK(one.leases.empty());
    CHECK(server.ask({"PTTL", "dm:lease:n1"}).integer <= 600);
    one.close();
    CHECK(server.ask({"EXISTS", "dm:lease:n1"}).integer == 0);
    CHECK(std::holds_alternative<store::Owned>(two.try_own("d-1")));
}

TEST_CASE("while Redis says nothing the lease is doubtful, and lapsed when it comes too late") {
    const RedisProcess server;
    // It has run out when it is doubtful.
    redis::RedisSettings settings = quick(server, "n1");
    settings.lease = 300ms;
    RedisNode one(settings);
    static_cast<void>(one.attach("d-1"));
    server.pause();
    one.until([&] { return told(one, Lease::doubtful) && one.became_unwritable > 0; });
    CHECK_FALSE(one->writable());
    CHECK_FALSE(told(one, Lease::lapsed));
    server.resume();
    one.until([&] { return told(one, Lease::lapsed); });
    CHECK(one.leases == std::vector<Lease>{Lease::doubtful, Lease::lapsed});
    one.until([&] { return one.became_writable > 0; });
    CHECK(one->writable());
}

TEST_CASE("when Redis was away for all, each node has one lease's time to come back") {
    const RedisProcess server;
    // Each lease has run out when it is doubtful.
    redis::RedisSettings first = quick(server, "n1");
    redis::RedisSettings second = quick(server, "n2");
    first.lease = second.lease = 1500ms;
    first.lease_doubt = second.lease_doubt = 1800ms;
    RedisNode one(first);
    RedisNode two(second);
    redis::RedisSettings dead = quick(server, "n3");
    dead.lease_renewal = 1h;
    dead.lease_doubt = 2h;
    RedisNode three(dead);
    static_cast<void>(one.attach("d-1"));
    one.accept(accepted(key("c-1", "d-1")));
    one.put(message(1));
    static_cast<void>(three.attach("d-3"));
    three.put(message(1));
    server.pause();
    for (RedisNode* node : {&one, &two}) {
        node->until([&] { return told(*node, Lease::doubtful); });
    }
    server.resume();

    CHECK(std::get<store::Elsewhere>(two.try_own("d-1")).node == "n1");
    CHECK(std::get<store::Elsewhere>(two.try_own("d-3")).node == "n3");
    CHECK(two.adopt().empty());
    CHECK(two.adopt_outbox(10).empty());
    one.until([&] { return told(one, Lease::lapsed); });
    one.finish(finished(key("c-1", "d-1")));
    CHECK(one.lost.empty());

    // Who has not come back by then is dead.
    std::vector<store::Adopted> adopted;
    two.ask_until([&] {
        adopted = two.adopt();
        return !adopted.empty();
    });
    REQUIRE(adopted.size() == 1);
    CHECK(adopted[0].device.str() == "d-3");
    CHECK(two.adopt_outbox(10).size() == 1);
}

TEST_CASE("in time after a doubt it is held") {
    const RedisProcess server;
    redis::RedisSettings settings = quick(server, "n1");
    settings.lease = 30s;
    RedisNode one(settings);
    server.pause();
    one.until([&] { return told(one, Lease::doubtful); });
    server.resume();
    one.until([&] { return one.leases.size() == 2; });
    CHECK(one.leases.back() == Lease::held);
}

TEST_CASE("a lease that is lost behind our back has lapsed") {
    const RedisProcess server;
    RedisNode one(quick(server, "n1"));
    server.tell({"DEL", "dm:lease:n1"});
    one.until([&] { return !one.leases.empty(); });
    CHECK(one.leases == std::vector<Lease>{Lease::lapsed});
}

TEST_CASE("another process with this node's name ends this one") {
    const RedisProcess server;
    RedisNode one(quick(server, "n1"));
    server.tell({"SET", "dm:lease:n1", "other elsewhere"});
    one.until([&] { return !one.fatal.empty(); });
    CHECK(one.fatal.find("node.name n1") != std::string::npos);
    CHECK_FALSE(one->writable());
    one.close();
    CHECK(server.ask({"GET", "dm:lease:n1"}).text == "other elsewhere");
}

TEST_CASE("a process of the same instance begins at once, one of another waits or gives up") {
    const RedisProcess server;
    redis::RedisSettings settings = quick(server, "n1");
    server.tell({"SET", "dm:lease:n1", "old disk of n1", "PX", "60000"});
    SUBCASE("the same instance") {
        RedisNode one(settings);
        CHECK(server.ask({"GET", "dm:lease:n1"}).text == settings.boot + " disk of n1");
    }
    SUBCASE("another one that has died") {
        settings.instance = "another disk";
        server.tell({"PEXPIRE", "dm:lease:n1", "300"});
        RedisNode one(settings);
        CHECK(server.ask({"GET", "dm:lease:n1"}).text == settings.boot + " another disk");
    }
    SUBCASE("another one that lives") {
        RedisNode alive(quick(server, "n1"));
        settings.instance = "another disk";
        CHECK_THROWS_WITH_AS(static_cast<void>(RedisNode(settings)),
                             doctest::Contains("another process uses node.name n1"),
                             std::runtime_error);
        CHECK(alive.fatal.empty());
    }
}
