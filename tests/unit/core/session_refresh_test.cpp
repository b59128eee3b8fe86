#include "tests/unit/core/session_bench.hpp"

#include <chrono>
#include <set>
#include <string>

#include <doctest/doctest.h>

using dm::test::SessionBench;
using namespace std::chrono_literals;
namespace core = dm::core;
namespace proto = dm::proto;

// A planned end: sessions do not live for ever.

namespace {

SessionBench::Options refreshed_every(std::chrono::seconds refresh) {
    SessionBench::Options options;
    options.settings.refresh = refresh;
    return options;
}

/// Lets time pass, with heartbeats, until the session is closed or `longest` is over.
std::chrono::seconds age_at_close(SessionBench& bench, std::chrono::seconds longest) {
    auto age = 0s;
    while (age < longest && bench.close_code() == 0) {
        bench.pass(1s);
        age += 1s;
        if (age.count() % 10 == 0 && bench.close_code() == 0) {
            bench.receive("");
        }
    }
    return age;
}

}  // namespace

TEST_CASE("a session is refreshed at its age, give or take 10 %, and told before") {
    SessionBench bench(refreshed_every(1000s));
    const auto age = age_at_close(bench, 2000s);
    CHECK(age >= 900s);
    CHECK(age <= 1101s);
    CHECK(bench.close_code() == 4004);
    CHECK(bench.close_reason() == "session_refresh retry_after_ms=0");
    CHECK(bench.types() == "reconnect");
    CHECK(bench.last<proto::Reconnect>().reason == "session_refresh");
}

TEST_CASE("sessions that begin together do not end together") {
    core::SessionSettings settings{"n1"};
    settings.refresh = 1000s;
    dm::test::RecordingHost host;
    dm::test::RecordingLink link;
    std::set<core::Instant> moments;
    for (int i = 0; i < 200; ++i) {
        const core::Session session(settings,
                                    dm::test::device_id("dev-" + std::to_string(i)),
                                    proto::Format::json,
                                    std::nullopt,
                                    link,
                                    host);
        moments.insert(session.refresh_at());
    }
    CHECK(moments.size() > 180);
    CHECK(*moments.rbegin() - *moments.begin() > 180s);
}

TEST_CASE("with a refresh of 0 a session lives for ever") {
    SessionBench bench(refreshed_every(0s));
    CHECK(age_at_close(bench, 24h) == 24h);
}

TEST_CASE("a refresh waits for a calm moment, so that no command is torn in two") {
    SessionBench bench(refreshed_every(100s));
    static_cast<void>(age_at_close(bench, 89s));
    for (int i = 0; i < 25; ++i) {  // beyond the latest moment there is
        bench.send_command("c" + std::to_string(i));
        bench.pass(1s);
        bench.receive("");
    }
    CHECK(bench.close_code() == 0);
    bench.pass(4s);
    CHECK(bench.close_code() == 4004);
}

TEST_CASE("a device that is never left alone is refreshed all the same") {
    SessionBench bench(refreshed_every(100s));
    auto age = 0s;
    for (; bench.close_code() == 0 && age < 300s; age += 1s) {
        bench.send_command("c");
        bench.pass(1s);
        bench.receive("");
    }
    CHECK(bench.close_code() == 4004);
    CHECK(age <= 110s + core::kRefreshPatience + 1s);
}
