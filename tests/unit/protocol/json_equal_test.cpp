#include "protocol/json_equal.hpp"

#include <doctest/doctest.h>

using namespace dm::proto;

TEST_CASE("order, white space and spelling do not make another value") {
    CHECK(equal_json(R"({"a":1,"b":[1,2]})", R"({ "b" : [1, 2], "a" : 1 })"));
    CHECK(equal_json(R"(["A",1e2])", R"(["\u0041",100.0])"));
    CHECK(equal_json("{}", "{ }"));
}

TEST_CASE("other members, items and numbers make another value") {
    CHECK_FALSE(equal_json(R"({"a":1})", R"({"a":2})"));
    CHECK_FALSE(equal_json(R"({"a":1})", R"({"a":1,"b":null})"));
    CHECK_FALSE(equal_json("[1,2]", "[2,1]"));
    CHECK_FALSE(equal_json("1", "1.0"));
    CHECK_FALSE(equal_json("-1", "18446744073709551615"));
}

TEST_CASE("what is no JSON equals only itself") {
    CHECK(equal_json("x", "x"));
    CHECK_FALSE(equal_json("x", "x "));
    CHECK_FALSE(equal_json("{}", "{"));
}
