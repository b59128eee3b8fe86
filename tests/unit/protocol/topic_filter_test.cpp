#include "protocol/topics.hpp"
#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::string_view_literals;

TEST_CASE("filters match as MQTT 5.0 section 4.7 says") {
    for (const auto& example : {std::pair{"sport/tennis/#", "sport/tennis"},
                                {"sport/tennis/#", "sport/tennis/player1/ranking"},
                                {"#", "a/b"},
                                {"+", "a"},
                                {"sport/+", "sport/"},
                                {"+/+", "/finance"},
                                {"/+", "/finance"},
                                {"+/tennis/#", "sport/tennis/x"},
                                {"a/+/c", "a//c"},
                                {"$SYS/#", "$SYS/broker"},
                                {"a/b", "a/b"},
                                {"a/", "a/"}}) {
        const std::string filter = example.first;
        const std::string topic = example.second;

        CAPTURE(filter);
        CAPTURE(std::string(topic));
        CHECK(filter_matches(filter, topic));
    }
    for (const auto& example : {std::pair{"sport/tennis/+", "sport/tennis/a/b"},
                                {"sport/+", "sport"},
                                {"+", "/finance"},
                                {"+", "a/b"},
                                {"#", "$SYS/broker"},
                                {"+/broker", "$SYS/broker"},
                                {"a/b", "a/b/c"},
                                {"a/b", "a"},
                                {"a/#", "ab"},
                                {"a", "A"},
                                {"a", "a/"}}) {
        const std::string filter = example.first;
        const std::string topic = example.second;

        CAPTURE(filter);
        CAPTURE(std::string(topic));
        CHECK_FALSE(filter_matches(filter, topic));
    }
}

TEST_CASE("a wildcard fills its level and a number sign is the last") {
    for (const auto filter : {"#"sv, "+"sv, "a/+/b/#"sv, "/"sv, "+/+"sv, "$share/g/a"sv}) {
        CAPTURE(filter);
        CHECK(is_valid_filter(filter));
    }
    for (const auto filter :
         {""sv, "a#"sv, "a/#/b"sv, "a+"sv, "+a/b"sv, "##"sv, "a\0b"sv, "\xFF"sv}) {
        CAPTURE(filter);
        CHECK_FALSE(is_valid_filter(filter));
    }
    CHECK(is_valid_filter(test::repeat("a", 65535)));
    CHECK_FALSE(is_valid_filter(test::repeat("a", 65536)));
}
