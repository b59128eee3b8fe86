#include "protocol/ids.hpp"

#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <unordered_set>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::repeat;
using namespace std::string_view_literals;

TEST_CASE("a device id may have 1 to 64 characters of its grammar") {
    for (const auto text : {"a"sv, "7"sv, "Dev-1.2_3:4@site"sv}) {
        const auto id = DeviceId::parse(text);
        REQUIRE(id);
        CHECK(id->str() == text);
    }
    CHECK(DeviceId::parse(repeat("x", 64)));
    CHECK(DeviceId::parse(repeat("x", 65)).error() == IdProblem::too_long);
    CHECK(DeviceId::parse("").error() == IdProblem::empty);
}

TEST_CASE("a device id starts with a letter or digit") {
    for (const auto text : {".a"sv, "_invalid"sv, ":a"sv, "@a"sv, "-a"sv, "$share"sv, "$SYS"sv}) {
        CAPTURE(std::string(text));
        CHECK(DeviceId::parse(text).error() == IdProblem::bad_first_character);
    }
}

TEST_CASE("nothing that means something in a topic or path is a device id") {
    for (const auto text : {"a+"sv,
                            "a/b"sv,
                            "a#"sv,
                            "a$SYS"sv,
                            "a\0b"sv,
                            "a/../b"sv,
                            "a%2fb"sv,
                            "a b"sv,
                            "a\n"sv,
                            R"(a\b)"sv,
                            "a\x7f"sv,
                            "d\xC3\xA9"sv,      // é
                            "\x61\xD0\xB0"sv,   // a Cyrillic а
                            "a\xEF\xBC\x8F"sv,  // a full-width solidus
                            "a\xFF"sv}) {
        CAPTURE(std::string(text));
        CHECK(DeviceId::parse(text).error() == IdProblem::bad_character);
    }
    CHECK(DeviceId::parse(repeat("x", 65536)).error() == IdProblem::too_long);
}

TEST_CASE("a name has no colon and no at sign") {
    CHECK(Name::parse("a.b_c-9"));
    CHECK(Name::parse("a:b").error() == IdProblem::bad_character);
    CHECK(Name::parse("a@b").error() == IdProblem::bad_character);
    CHECK(Name::parse(repeat("n", 65)).error() == IdProblem::too_long);
}

TEST_CASE("a command id counts characters and not bytes") {
    CHECK(check_command_id(repeat("\xE2\x82\xAC", 64)));
    CHECK(check_command_id(repeat("\xE2\x82\xAC", 65)).error() == IdProblem::too_long);
    CHECK(check_command_id("a b/c#\xF0\x9F\x98\x80"));
    CHECK(check_command_id("").error() == IdProblem::empty);
}

TEST_CASE("a command id has no control characters and is UTF-8") {
    for (const auto text : {"a\nb"sv, "a\0b"sv, "\x7f"sv, "\xC2\x80"sv, "\xC2\x9F"sv, "\x80"sv}) {
        CAPTURE(std::string(text));
        CHECK(check_command_id(text).error() == IdProblem::bad_character);
    }
    CHECK(check_command_id("\xC2\xA0"));  // U+00A0 is no control
}

TEST_CASE("a reference may be the id of a broadcast command") {
    const std::string derived = repeat("i", 64) + "." + repeat("d", 64);
    CHECK(check_command_reference(derived));
    CHECK_FALSE(check_command_id(derived));
    CHECK(check_command_reference(derived + "x").error() == IdProblem::too_long);
}

TEST_CASE("well-formed UTF-8 is told from ill-formed") {
    for (const auto text : {""sv,
                            "\0"sv,
                            "\x7F"sv,
                            "\xC2\x80"sv,
                            "\xE0\xA0\x80"sv,
                            "\xED\x9F\xBF"sv,
                            "\xEE\x80\x80"sv,
                            "\xF0\x90\x80\x80"sv,
                            "\xF4\x8F\xBF\xBF"sv}) {
        CAPTURE(test::to_hex(text));
        CHECK(is_utf8(text));
    }
    for (const auto text : {"\x80"sv,      // a continuation alone
                            "\xC0\x80"sv,  // overlong
                            "\xC1\xBF"sv,
                            "\xE0\x9F\xBF"sv,
                            "\xF0\x8F\xBF\xBF"sv,
                            "\xED\xA0\x80"sv,      // a surrogate
                            "\xF4\x90\x80\x80"sv,  // beyond U+10FFFF
                            "\xF5\x80\x80\x80"sv,
                            "\xC2"sv,  // cut off
                            "\xE2\x82"sv,
                            "\xF0\x9F\x98"sv,
                            "\xE2\x28\xA1"sv}) {
        CAPTURE(test::to_hex(text));
        CHECK_FALSE(is_utf8(text));
    }
}

TEST_CASE("ids are keys of hash tables") {
    std::unordered_set<DeviceId> set{*DeviceId::parse("a"), *DeviceId::parse("b")};
    CHECK(set.count(*DeviceId::parse("a")) == 1);
    CHECK(set.count(*DeviceId::parse("c")) == 0);
}
