#include "device-mgmt/failpoint/failpoint.hpp"

#include <doctest/doctest.h>

using dm::failpoint::parse;
using dm::failpoint::Point;

TEST_SUITE("failpoint") {
    TEST_CASE("a place and the number of the passing") {
        const auto arming = parse("committed:17");
        REQUIRE(arming);
        CHECK(arming->point == Point::committed);
        CHECK(arming->passing == 17);
    }

    TEST_CASE("anything else is nothing") {
        for (const char* text : {"",
                                 "committed",
                                 "committed:",
                                 "committed:0",
                                 "committed:x",
                                 "committed:1 ",
                                 "no:1"}) {
            CAPTURE(text);
            CHECK_FALSE(parse(text));
        }
    }
}
