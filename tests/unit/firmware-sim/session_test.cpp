#include "firmware-sim/session.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace dm;
using sim::Instant;

namespace {

proto::Welcome welcome(std::chrono::seconds heartbeat) {
    return {*proto::DeviceId::parse("d"), "n", 1, heartbeat, 65536, {}, {}};
}

}  // namespace

TEST_SUITE("firmware-sim/session") {
    TEST_CASE("a server that never says welcome is given up after 2.5 of the usual heartbeats") {
        const sim::Session session{Instant{}};
        CHECK_FALSE(session.welcomed());
        CHECK(session.next_due() == Instant{} + 50s);
        CHECK(session.server_silent(Instant{} + 50s));
    }

    TEST_CASE("first heartbeats of devices that came together are spread over the period") {
        sim::Random random{9};
        int early = 0;
        for (int i = 0; i < 1000; ++i) {
            sim::Session session{Instant{}};
            session.on_welcome(welcome(20s), {Instant{}, {}}, random);
            CHECK(session.next_due() <= Instant{} + 20s);
            early += session.next_due() < Instant{} + 10s ? 1 : 0;
        }
        CHECK(early > 400);
        CHECK(early < 600);
    }

    TEST_CASE("a server that tells heartbeats of 0 s is not believed") {
        sim::Random random{9};
        sim::Session session{Instant{}};
        session.on_welcome(welcome(0s), {Instant{}, {}}, random);
        CHECK_FALSE(session.server_silent(Instant{} + 200ms));
    }
}
