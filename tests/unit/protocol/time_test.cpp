#include "protocol/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::string_view_literals;

namespace {

WallTime at(std::int64_t unix_ms) {
    return WallTime(std::chrono::milliseconds(unix_ms));
}

}  // namespace

TEST_CASE("a time is written in UTC with milliseconds") {
    CHECK(format_time(at(0)) == "1970-01-01T00:00:00.000Z");
    CHECK(format_time(at(1'795'335'330'123)) == "2026-11-22T08:15:30.123Z");
    CHECK(format_time(at(-1)) == "1969-12-31T23:59:59.999Z");
    CHECK(format_time(at(951'782'400'000)) == "2000-02-29T00:00:00.000Z");
}

TEST_CASE("times outside the four-digit years are written as the nearest that has one") {
    CHECK(format_time(WallTime::max()) == "9999-12-31T23:59:59.999Z");
    CHECK(format_time(WallTime::min()) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("what is written can be read") {
    for (std::int64_t ms = -62'167'219'200'000; ms < 253'402'300'800'000; ms += 86'399'999'777) {
        REQUIRE(parse_time(format_time(at(ms))) == at(ms));
    }
}

TEST_CASE("any RFC 3339 time can be read") {
    const auto expected = at(1'795'335'330'120);
    for (const auto text : {"2026-11-22T08:15:30.12Z"sv,
                            "2026-11-22t08:15:30.12z"sv,
                            "2026-11-22T08:15:30.120999999Z"sv,
                            "2026-11-22T10:45:30.12+02:30"sv,
                            "2026-11-21T23:15:30.12-09:00"sv,
                            "2026-11-22T08:15:30.12-00:00"sv}) {
        CAPTURE(std::string(text));
        CHECK(parse_time(text) == expected);
    }
    CHECK(parse_time("1985-04-12T23:20:50Z") == at(482'196'050'000));
    CHECK(parse_time("1990-12-31T23:59:60Z") == at(662'688'000'000));
    CHECK(parse_time("1990-12-31T15:59:60-08:00") == at(662'688'000'000));
}

TEST_CASE("nothing else is a time") {
    for (const auto text : {""sv,
                            "2026-11-22"sv,
                            "2026-11-22 08:15:30Z"sv,
                            "2026-11-22T08:15:30"sv,
                            "2026-11-22T08:15Z"sv,
                            "2026-11-22T08:15:30.Z"sv,
                            "2026-11-22T08:15:30,1Z"sv,
                            "2026-11-22T08:15:30+0200"sv,
                            "2026-11-22T08:15:30+24:00"sv,
                            "2026-11-22T08:15:30Z "sv,
                            " 2026-11-22T08:15:30Z"sv,
                            "2026-11-22T08:15:30Z\0"sv,
                            "2026-02-29T00:00:00Z"sv,
                            "1900-02-29T00:00:00Z"sv,
                            "2026-00-01T00:00:00Z"sv,
                            "2026-13-01T00:00:00Z"sv,
                            "2026-04-31T00:00:00Z"sv,
                            "2026-04-00T00:00:00Z"sv,
                            "2026-04-01T24:00:00Z"sv,
                            "2026-04-01T00:60:00Z"sv,
                            "2026-04-01T00:00:60Z"sv,
                            "2026-04-01T00:00:61Z"sv,
                            "+026-04-01T00:00:00Z"sv,
                            "12026-04-01T00:00:00Z"sv,
                            "0000-01-01T00:00:00+00:01"sv,
                            "9999-12-31T23:59:59-00:01"sv}) {
        CAPTURE(std::string(text));
        CHECK_FALSE(parse_time(text));
    }
}
