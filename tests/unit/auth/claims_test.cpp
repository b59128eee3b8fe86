#include "device-mgmt/auth/claims.hpp"

#include "tests/unit/auth/auth_fixture.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::auth;
using dm::test::kNow;
using dm::test::kNowSeconds;

namespace {

std::string with_times(std::int64_t exp, const std::string& more = "") {
    return fmt::format(R"({{"sub":"d","exp":{}{}}})", exp, more);
}

std::string verdict(const std::string& json) {
    const auto claims = read_claims(json, "", "");
    if (!claims) {
        return std::string{word(claims.error())};
    }
    const auto timely = check_times(*claims, kNow, std::chrono::seconds{60});
    return timely ? "ok" : std::string{word(timely.error())};
}

}  // namespace

TEST_CASE("clocks may differ by a minute") {
    CHECK(verdict(with_times(kNowSeconds - 59)) == "ok");
    CHECK(verdict(with_times(kNowSeconds - 60)) == "expired");
    for (const char* name : {"nbf", "iat"}) {
        const auto starting = [&](std::int64_t seconds) {
            return with_times(kNowSeconds + 600, fmt::format(R"(,"{}":{})", name, seconds));
        };
        CHECK(verdict(starting(kNowSeconds + 60)) == "ok");
        CHECK(verdict(starting(kNowSeconds + 61)) == "not_yet_valid");
    }
}

TEST_CASE("a time may have a fraction") {
    const auto claims = read_claims(R"({"sub":"d","exp":1800000000.9})", "", "");
    REQUIRE(claims);
    CHECK(claims->identity.expires_at == kNow);
    CHECK(verdict(R"({"sub":"d","exp":1.8e9})") == "ok");
}

TEST_CASE("what is no sensible time is none") {
    for (const char* exp : {"-1",
                            "\"1800000600\"",
                            "null",
                            "true",
                            "[1800000600]",
                            "1e300",
                            "253402300800",
                            "18446744073709551615",
                            "1800000600000"}) {
        CAPTURE(exp);
        CHECK(verdict(fmt::format(R"({{"sub":"d","exp":{}}})", exp)) == "missing_claim");
    }
    CHECK(verdict(with_times(kNowSeconds, R"(,"nbf":"soon")")) == "malformed");
    CHECK(verdict(with_times(kNowSeconds, R"(,"iat":-5)")) == "malformed");
}

TEST_CASE("the audience may be one of several") {
    const auto meant = [](const std::string& aud) {
        const std::string json = fmt::format(R"({{"sub":"d","exp":1800000600,"aud":{}}})", aud);
        return read_claims(json, "us", "").has_value();
    };
    CHECK(meant(R"("us")"));
    CHECK(meant(R"(["them","us"])"));
    CHECK_FALSE(meant(R"("them")"));
    CHECK_FALSE(meant(R"(["them","use"])"));
    CHECK_FALSE(meant("[]"));
    CHECK_FALSE(meant("5"));
    CHECK_FALSE(meant(R"({"us":"us"})"));
    CHECK_FALSE(meant(R"([["us"]])"));
}

TEST_CASE("groups are names, each once, at most 32") {
    const auto groups = [](const std::string& list) {
        return read_claims(with_times(kNowSeconds, ",\"groups\":" + list), "", "");
    };
    const auto some = groups(R"(["north","pumps","north"])");
    REQUIRE(some);
    REQUIRE(some->identity.groups.size() == 2);
    CHECK(some->identity.groups[0].str() == "north");
    CHECK(some->identity.groups[1].str() == "pumps");
    CHECK(groups("[]"));
    const auto refused = [&](const std::string& list) {
        const auto claims = groups(list);
        return !claims && claims.error() == AuthProblem::malformed;
    };
    CHECK(refused(R"("north")"));
    CHECK(refused(R"(["a/b"])"));
    CHECK(refused(R"([""])"));
    CHECK(refused("[1]"));
    CHECK(refused("null"));
    std::string many;
    for (int i = 0; i < 33; ++i) {
        many += fmt::format("{}\"g{}\"", many.empty() ? "" : ",", i);
    }
    CHECK(refused("[" + many + "]"));
}
