#include "tests/unit/core/session_bench.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using dm::test::SessionBench;
using namespace std::chrono_literals;
namespace proto = dm::proto;

namespace {

SessionBench::Options with_token(std::chrono::milliseconds valid_for) {
    return {{"n1"}, proto::Format::json, valid_for};
}

/// Without the refresh, which would end it first.
SessionBench::Options never_refreshed() {
    SessionBench::Options options;
    options.settings.refresh = 0s;
    return options;
}

/// Stays alive while time passes.
void live(SessionBench& bench, std::chrono::milliseconds time) {
    for (; time > 10s; time -= 10s) {
        bench.pass(10s);
        bench.receive("");
    }
    bench.pass(time);
}

}  // namespace

TEST_CASE("a session is closed 60 s after its token expired") {
    SessionBench bench(with_token(100s));
    live(bench, 159'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4003);
    CHECK(bench.close_reason() == "token_expired");
}

TEST_CASE("a token that had almost used up its grace at the start is not granted more") {
    SessionBench bench(with_token(-59s));
    bench.pass(900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4003);
}

TEST_CASE("a token that practically never expires is no problem of arithmetic") {
    using days = std::chrono::duration<std::int64_t, std::ratio<86400>>;
    SessionBench bench(with_token(days(365) * 100'000));
    CHECK(bench.host.looks.size() <= 2);
    live(bench, 10min);
    CHECK(bench.close_code() == 0);
}

TEST_CASE("a session without a token does not expire") {
    SessionBench bench(never_refreshed());
    live(bench, 24h);
    CHECK(bench.close_code() == 0);
}

TEST_CASE("a renewed token moves the end of the session") {
    SessionBench bench(with_token(100s));
    std::string seen;
    const auto until = bench.host.clock.now().wall + 300s;
    bench.host.renew = [&](std::string_view jwt) {
        seen = jwt;
        return until;
    };
    live(bench, 90s);
    bench.receive(R"({"type":"token","jwt":"a.b.c"})");
    CHECK(seen == "a.b.c");
    CHECK(bench.last<proto::TokenOk>().expires_at == until);
    live(bench, 269'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4003);
}

TEST_CASE("a renewed token may end the session earlier, and then does so in time") {
    SessionBench bench(with_token(1h));
    const auto until = bench.host.clock.now().wall + 5s;
    bench.host.renew = [&](std::string_view) { return until; };
    bench.receive(R"({"type":"token","jwt":"a.b.c"})");
    live(bench, 64'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4003);
}

TEST_CASE("a rejected renewal leaves the old token as it is") {
    SessionBench bench(with_token(100s));
    bench.host.renew = [](std::string_view) -> tl::expected<proto::WallTime, std::string> {
        return tl::unexpected(std::string("expired"));
    };
    bench.receive(R"({"type":"token","jwt":"a.b.c"})");
    const auto error = bench.last<proto::ErrorFrame>();
    CHECK(error.code == proto::FrameError::token_rejected);
    CHECK(error.message == "jwt: expired");
    live(bench, 159'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4003);
}

TEST_CASE("a session of a certificate or Basic cannot be renewed by a token") {
    SessionBench bench(never_refreshed());
    bool asked = false;
    bench.host.renew = [&](std::string_view) {
        asked = true;
        return bench.host.clock.now().wall + 1h;
    };
    bench.receive(R"({"type":"token","jwt":"a.b.c"})");
    CHECK(bench.last<proto::ErrorFrame>().code == proto::FrameError::token_rejected);
    CHECK_FALSE(asked);
    live(bench, 2h);
    CHECK(bench.close_code() == 0);
}
