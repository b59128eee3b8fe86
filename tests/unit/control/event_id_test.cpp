#include "control/sse/event_id.hpp"

#include <doctest/doctest.h>

using namespace dm::control;

TEST_CASE("an event id is read as it was written") {
    const auto id = parse_event_id(to_text({"control-1", "0a1b", 42}));
    REQUIRE(id);
    CHECK(id->node == "control-1");
    CHECK(id->boot == "0a1b");
    CHECK(id->seq == 42);
}

TEST_CASE("what is no event id is none") {
    for (const char* text : {"",
                             "1",
                             "a:1",
                             "a:b:",
                             "a:b:c",
                             "a:b:-1",
                             "a:b:1x",
                             "a:b:1:2",
                             "a:b:99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_event_id(text));
    }
}
