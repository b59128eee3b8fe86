#include "device-mgmt/settings/value.hpp"

#include <doctest/doctest.h>

using namespace dm::settings;

TEST_CASE("texts are read as the type of the key") {
    CHECK(parse_value(Type::boolean, "true") == Value{true});
    CHECK(parse_value(Type::integer, "-7") == Value{std::int64_t{-7}});
    CHECK(parse_value(Type::number, "0.25") == Value{0.25});
    CHECK(parse_value(Type::text, " a ") == Value{std::string{" a "}});
    CHECK(parse_value(Type::list, "a, b,,c ") == Value{std::vector<std::string>{"a", "b", "c"}});
    CHECK(parse_value(Type::list, "") == Value{std::vector<std::string>{}});
}

TEST_CASE("a text of another type is refused") {
    CHECK(parse_value(Type::boolean, "yes").error() == "must be true or false");
    for (const char* text : {"", "1x", "0x10", "1.5", " 1", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_value(Type::integer, text));
    }
    for (const char* text : {"", "nan", "inf", "1e999", "1,5"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_value(Type::number, text));
    }
}

TEST_CASE("an integer may stand where a number is wanted, and nothing else") {
    CHECK(coerce(Type::number, Value{std::int64_t{2}}) == Value{2.0});
    CHECK(coerce(Type::integer, Value{2.0}).error() == "must be an integer, not a number");
    CHECK(coerce(Type::text, Value{true}).error() == "must be a text, not true or false");
}

TEST_CASE("values are written as TOML reads them") {
    CHECK(to_toml(Value{false}) == "false");
    CHECK(to_toml(Value{0.8}) == "0.8");
    CHECK(to_toml(Value{2.0}) == "2.0");
    CHECK(to_toml(Value{std::string{"a\"\\\n"}}) == R"("a\"\\\u000A")");
    CHECK(to_toml(Value{std::vector<std::string>{"a", "b"}}) == R"(["a", "b"])");
}
