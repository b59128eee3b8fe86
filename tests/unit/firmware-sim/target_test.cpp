#include "firmware-sim/target.hpp"

#include <doctest/doctest.h>

using dm::sim::parse_target;

TEST_SUITE("firmware-sim/target") {
    TEST_CASE("a URL without a path means the device endpoint") {
        const auto target = parse_target("wss://example.org:8443");
        REQUIRE(target);
        CHECK(target->tls);
        CHECK(target->host == "example.org");
        CHECK(target->port == 8443);
        CHECK(target->path == "/v1/device");
        CHECK(parse_target("wss://h/")->path == "/v1/device");
    }

    TEST_CASE("ports, paths and IPv6 addresses are understood") {
        CHECK(parse_target("ws://h")->port == 80);
        CHECK(parse_target("wss://h")->port == 443);
        CHECK(parse_target("ws://h:1/a?b=c")->path == "/a?b=c");
        CHECK(parse_target("wss://[::1]:9")->host == "::1");
        CHECK(parse_target("wss://[::1]:9")->port == 9);
    }

    TEST_CASE("what is no WebSocket URL is refused") {
        for (const char* url : {"http://h",
                                "wss://",
                                "wss://:1",
                                "wss://h:0",
                                "wss://h:99999",
                                "wss://h:x",
                                "wss://u:p@h",
                                "wss://[::1",
                                "wss://[::1]x",
                                ""}) {
            CAPTURE(url);
            CHECK_FALSE(parse_target(url));
        }
    }
}
