#include "protocol/json_writer.hpp"

#include "protocol/json_fields.hpp"
#include "protocol/json_reader.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::string_view_literals;

namespace {

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

TEST_CASE("strings are escaped where JSON wants it and nowhere else") {
    CHECK(quoted("a/b'\x7F") == "\"a/b'\x7F\"");
    CHECK(quoted("\"\\\n\r\t\b\0"sv) == R"("\"\\\n\r\t\u0008\u0000")");
    CHECK(quoted("\x1F") == R"("\u001f")");
    CHECK(quoted("\xE2\x82\xAC\xF0\x9F\x98\x80") == "\"\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST_CASE("bytes that are no UTF-8 become replacement characters") {
    CHECK(quoted("a\xFFz") == "\"a\xEF\xBF\xBDz\"");
    CHECK(quoted("\xED\xA0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    CHECK(quoted("\xE2\x82") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("any two bytes make a valid string that reads back as they were if they are text") {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
            const auto fields = read_array("[" + quoted(bytes) + "]");
            REQUIRE(fields);
            REQUIRE((fields->front().text == bytes) == is_utf8(bytes));
        }
    }
}

TEST_CASE("an object is written member by member") {
    JsonWriter out;
    out.text("a", "x")
        .number("b", UINT64_MAX)
        .number("c", std::chrono::seconds(-3))
        .boolean("d", true)
        .json("e", "[1]")
        .text_if_any("f", std::nullopt)
        .text_or_null("g", std::nullopt)
        .time("h", WallTime{});
    CHECK(out.take() == R"({"a":"x","b":18446744073709551615,"c":-3,"d":true,"e":[1],"g":null,)"
                        R"("h":"1970-01-01T00:00:00.000Z"})");
    CHECK(JsonWriter().take() == "{}");
}
