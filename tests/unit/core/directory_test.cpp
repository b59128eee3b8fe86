#include "device-mgmt/core/directory.hpp"

#include "tests/support/device_ids.hpp"
#include "tests/support/manual_clock.hpp"

#include <doctest/doctest.h>

using dm::core::Directory;
using dm::core::SessionRef;
using dm::test::device_id;
using dm::test::ManualClock;
using namespace std::chrono_literals;

namespace {

/// A directory and devices that connect from ever new sessions.
struct Fleet {
    Directory::Claim claim(const char* device) {
        return directory.claim(device_id(device), ++last, "192.0.2.7:1", clock.now());
    }

    struct Sessions {
        SessionRef ref;

        SessionRef operator++() {
            ++ref.session;
            return ref;
        }
    };

    Directory directory;
    ManualClock clock;
    Sessions last;
};

/// Five take-overs: as many as are allowed in a minute.
void exhaust(Fleet& fleet, const char* device) {
    REQUIRE(fleet.claim(device).granted);
    for (int i = 0; i < 5; ++i) {
        REQUIRE(fleet.claim(device).granted);
    }
}

}  // namespace

TEST_CASE("epochs are Unix milliseconds and rise with every session of any device") {
    Fleet fleet;
    const auto unix_ms =
        static_cast<std::uint64_t>(fleet.clock.now().wall.time_since_epoch().count());
    CHECK(fleet.claim("a").epoch == unix_ms);
    CHECK(fleet.claim("b").epoch == unix_ms + 1);
    CHECK(fleet.claim("a").epoch == unix_ms + 2);
    fleet.clock.advance(1s);
    CHECK(fleet.claim("a").epoch == unix_ms + 1000);
}

TEST_CASE("epochs rise also when the wall clock goes back") {
    Fleet fleet;
    std::uint64_t last = fleet.claim("a").epoch;
    fleet.clock.step_wall(-2h);
    for (const char* device : {"a", "b", "a"}) {
        const auto claim = fleet.claim(device);
        CHECK(claim.epoch == last + 1);
        last = claim.epoch;
    }
    fleet.clock.step_wall(-1'800'000'000'000ms);  // 1970, and a bit before
    CHECK(fleet.claim("c").epoch == last + 1);
    CHECK(fleet.claim("c").epoch < (std::uint64_t{1} << 53U));
}

TEST_CASE("an epoch rises also when the device was away in between") {
    Fleet fleet;
    const auto first = fleet.claim("a");
    const SessionRef session = fleet.last.ref;
    fleet.directory.release(device_id("a"), session);
    fleet.clock.step_wall(-1h);
    CHECK(fleet.claim("a").epoch > first.epoch);
}

TEST_CASE("the newest claim wins and names whom it replaces") {
    Fleet fleet;
    CHECK_FALSE(fleet.claim("a").replaced);
    const SessionRef old = fleet.last.ref;
    const auto claim = fleet.claim("a");
    REQUIRE(claim.granted);
    REQUIRE(claim.replaced);
    CHECK(claim.replaced->session == old);
    CHECK(claim.replaced->remote == "192.0.2.7:1");
    REQUIRE(fleet.directory.find(device_id("a")) != nullptr);
    CHECK(fleet.directory.find(device_id("a"))->session == fleet.last.ref);
    CHECK(fleet.directory.entries().size() == 1);
}

TEST_CASE("the late release of an old session never touches the new one") {
    Fleet fleet;
    fleet.claim("a");
    const SessionRef old = fleet.last.ref;
    fleet.claim("a");
    const SessionRef now = fleet.last.ref;
    CHECK_FALSE(fleet.directory.release(device_id("a"), old));
    CHECK(fleet.directory.owned(device_id("a"), old) == nullptr);
    CHECK(fleet.directory.owned(device_id("a"), now) != nullptr);
    const auto released = fleet.directory.release(device_id("a"), now);
    REQUIRE(released);
    CHECK(released->session == now);
    CHECK_FALSE(fleet.directory.release(device_id("a"), now));
    CHECK(fleet.directory.find(device_id("a")) == nullptr);
}

TEST_CASE("session numbers of different shards are different sessions") {
    Directory directory;
    const ManualClock clock;
    static_cast<void>(directory.claim(device_id("a"), {0, 7}, "", clock.now()));
    CHECK_FALSE(directory.release(device_id("a"), {1, 7}));
    CHECK(directory.release(device_id("a"), {0, 7}));
}

TEST_CASE("what a device says of itself is kept with its entry only") {
    Fleet fleet;
    fleet.claim("a");
    fleet.directory.owned(device_id("a"), fleet.last.ref)->model = "lamp";
    CHECK(fleet.directory.find(device_id("a"))->model == "lamp");
    const auto claim = fleet.claim("a");
    CHECK(claim.replaced->model == "lamp");
    CHECK_FALSE(fleet.directory.find(device_id("a"))->model);
}

TEST_CASE("the sixth take-over within a minute is refused with a delay that doubles up to 60 s") {
    Fleet fleet;
    exhaust(fleet, "a");
    const SessionRef owner = fleet.last.ref;
    for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        const auto refused = fleet.claim("a");
        CHECK_FALSE(refused.granted);
        CHECK(refused.retry_after == expected);
        REQUIRE(refused.replaced);  // for the alarm that names both addresses
        CHECK(refused.replaced->session == owner);
    }
    CHECK(fleet.directory.find(device_id("a"))->session == owner);
    CHECK(fleet.claim("b").granted);
}

TEST_CASE("five take-overs of a device in a minute are granted, whenever they come") {
    Fleet fleet;
    fleet.claim("a");
    for (int i = 0; i < 100; ++i) {
        fleet.clock.advance(12s);
        CHECK(fleet.claim("a").granted);
    }
}

TEST_CASE("a duel is over when the window has moved on") {
    Fleet fleet;
    exhaust(fleet, "a");
    fleet.clock.advance(59'999ms);
    CHECK_FALSE(fleet.claim("a").granted);
    fleet.clock.advance(1ms);
    CHECK(fleet.claim("a").granted);
    for (int i = 0; i < 4; ++i) {
        CHECK(fleet.claim("a").granted);
    }
    const auto refused = fleet.claim("a");
    CHECK_FALSE(refused.granted);
    CHECK(refused.retry_after == 1s);  // a new duel starts from the first delay
}

TEST_CASE("refused newcomers do not prolong the duel") {
    Fleet fleet;
    exhaust(fleet, "a");
    for (int i = 0; i < 59; ++i) {
        fleet.clock.advance(1s);
        CHECK_FALSE(fleet.claim("a").granted);
    }
    fleet.clock.advance(1s);
    CHECK(fleet.claim("a").granted);
}

TEST_CASE("a device that gave up its session before is no duellist") {
    Fleet fleet;
    for (int i = 0; i < 100; ++i) {
        CHECK(fleet.claim("a").granted);
        fleet.directory.release(device_id("a"), fleet.last.ref);
    }
}

TEST_CASE("in a duel an owner that leaves makes room at once") {
    Fleet fleet;
    exhaust(fleet, "a");
    fleet.directory.release(device_id("a"), fleet.last.ref);
    CHECK(fleet.claim("a").granted);
}

TEST_CASE("calm duels are forgotten, running ones are not") {
    Fleet fleet;
    exhaust(fleet, "a");
    fleet.clock.advance(59s);
    CHECK_FALSE(fleet.claim("a").granted);
    fleet.directory.forget_calm(fleet.clock.now().mono);
    CHECK_FALSE(fleet.claim("a").granted);
    fleet.clock.advance(60s);
    CHECK(fleet.directory.duels() == 1);
    fleet.directory.forget_calm(fleet.clock.now().mono);
    CHECK(fleet.directory.duels() == 0);
    CHECK(fleet.claim("a").granted);
}

TEST_CASE("the newest is who was admitted last, whatever the order of the claims") {
    Directory directory;
    dm::test::ManualClock clock;
    const auto early = clock.now().mono;
    const auto late = early + 6ms;
    const auto newer = directory.claim(device_id("a"), {1, 1}, "newer", clock.now(), late);
    REQUIRE(newer.granted);
    const auto older = directory.claim(device_id("a"), {0, 1}, "older", clock.now(), early);
    CHECK_FALSE(older.granted);
    CHECK(older.overtaken);
    CHECK(older.replaced->remote == "newer");
    CHECK(directory.owned(device_id("a"), {1, 1}) != nullptr);
    CHECK(directory.duels() == 0);
    // When the newer one is gone already, the older one is what there is.
    REQUIRE(directory.release(device_id("a"), {1, 1}));
    CHECK(directory.claim(device_id("a"), {0, 1}, "older", clock.now(), early).granted);
}
