#include "device-mgmt/log/line.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

using namespace dm::log;

TEST_CASE("a text line names level, event and fields in order") {
    CHECK(text_line(Level::info, "session_opened", {{"device", "d-1"}, {"epoch", 17}}) ==
          "INFO session_opened device=d-1 epoch=17");
    CHECK(text_line(Level::error,
                    "x",
                    {{"on", true}, {"share", 0.5}, {"big", std::uint64_t{1} << 63U}}) ==
          "ERROR x on=true share=0.5 big=9223372036854775808");
    CHECK(text_line(Level::warn, "x", {}) == "WARN x");
}

TEST_CASE("a text value that could be mistaken for something else is quoted") {
    const auto value = [](std::string_view text) {
        return text_line(Level::info, "e", {{"v", text}}).substr(std::string{"INFO e v="}.size());
    };
    CHECK(value("plain:1.2-3@x/y") == "plain:1.2-3@x/y");
    CHECK(value("") == R"("")");
    CHECK(value("a b") == R"("a b")");
    CHECK(value("a=b") == R"("a=b")");
    CHECK(value("say \"x\"") == R"("say \"x\"")");
    CHECK(value("a\\b") == R"("a\\b")");
    CHECK(value("Zürich") == R"("Zürich")");
}

TEST_CASE("a peer cannot forge a line or drive the terminal") {
    CHECK(text_line(Level::info, "e", {{"v", "x\n2026 ERROR fake a=b\r\t\x1b[31m\x7f"}}) ==
          R"(INFO e v="x\n2026 ERROR fake a=b\r\t\u001b[31m\u007f")");
    CHECK(escape("\xC2\x9B"
                 "1m") == R"(\u009b1m)");
    // The very characters that are to be made visible.
    // NOLINTNEXTLINE(misc-misleading-bidirectional)
    CHECK(escape("\xE2\x80\xA8\xE2\x80\xAE") == R"(\u2028\u202e)");
    CHECK(escape(std::string_view{"a\0b", 3}) == R"(a\u0000b)");
}

TEST_CASE("ill-formed UTF-8 is replaced byte by byte") {
    CHECK(escape("a\xFF"
                 "b") ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(escape("\xC0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(escape("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(escape("\xE2\x82") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(escape("\xF0\x9F\x98\x80") == "\xF0\x9F\x98\x80");
}

TEST_CASE("a long value is cut between characters") {
    const std::string ascii(kMaxValueBytes + 1, 'x');
    CHECK(escape(ascii) == ascii.substr(0, kMaxValueBytes) + "…");
    CHECK(escape(ascii.substr(1)) == ascii.substr(1));
    CHECK(escape(ascii.substr(2) + "ü") == ascii.substr(2) + "…");
    CHECK(text_line(Level::info, "e", {{"v", ascii}}).size() < kMaxValueBytes + 20);
}

TEST_CASE("a JSON line is the rest of an object") {
    CHECK(json_line(Level::info,
                    "session_opened",
                    {{"device", "d \"1\"\n"}, {"epoch", 17}, {"tls", false}, {"load", 0.25}}) ==
          R"("level":"info","event":"session_opened","device":"d \"1\"\n","epoch":17,)"
          R"("tls":false,"load":0.25})");
    CHECK(json_line(Level::warn, "e", {{"v", std::numeric_limits<double>::infinity()}}) ==
          R"("level":"warn","event":"e","v":null})");
}

TEST_CASE("levels and formats are parsed from their words only") {
    CHECK(parse_level("warn") == Level::warn);
    CHECK(parse_level("off") == Level::off);
    CHECK_FALSE(parse_level("WARN"));
    CHECK(parse_line_format("json") == LineFormat::json);
    CHECK_FALSE(parse_line_format("xml"));
}
