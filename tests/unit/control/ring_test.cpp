#include "control/sse/ring.hpp"

#include <doctest/doctest.h>

using dm::control::EventRing;

TEST_CASE("events are numbered without gaps and found by device") {
    EventRing ring;
    CHECK(ring.last() == 0);
    CHECK(ring.push({"status", "a", "1"}) == 1);
    CHECK(ring.push({"status", "b", "2"}) == 2);
    CHECK(ring.push({"status", "a", "3"}) == 3);
    CHECK(ring.next(0, "") == 1);
    CHECK(ring.next(1, "a") == 3);
    CHECK(ring.next(2, "b") == std::nullopt);
    CHECK(ring.at(3).data == "3");
}

TEST_CASE("the oldest events are forgotten, and who needs them cannot continue") {
    EventRing ring(3);
    for (int i = 0; i < 5; ++i) {
        ring.push({"status", "a", "x"});
    }
    CHECK(ring.size() == 3);
    CHECK(ring.continues(2));
    CHECK_FALSE(ring.continues(1));
    CHECK(ring.continues(5));
    CHECK_FALSE(ring.continues(6));
    CHECK(ring.next(0, "") == 3);
}

TEST_CASE("large events push out the old ones by their bytes") {
    EventRing ring(100, 10'000);
    for (int i = 0; i < 10; ++i) {
        ring.push({"telemetry", "a", std::string(3000, 'x')});
    }
    CHECK(ring.size() <= 3);
    ring.push({"telemetry", "a", std::string(20'000, 'x')});
    CHECK(ring.size() == 1);
}

TEST_CASE("nobody continues across a gap") {
    EventRing ring;
    ring.push({"status", "a", "1"});
    ring.mark_gap();
    CHECK_FALSE(ring.continues(1));
    const auto after = ring.push({"reset", "", "{}"});
    CHECK(ring.continues(after));
    CHECK_FALSE(ring.continues(1));
}

TEST_CASE("an empty ring continues from nothing") {
    const EventRing ring;
    CHECK(ring.continues(0));
    CHECK_FALSE(ring.continues(1));
    CHECK(ring.next(0, "") == std::nullopt);
}
