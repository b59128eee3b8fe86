#include "tests/unit/core/session_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::core::FrameKind;
using dm::test::SessionBench;
using namespace std::chrono_literals;
namespace core = dm::core;
namespace proto = dm::proto;

// Welcome, heartbeats, death by silence, and the chain of looks behind it.

TEST_CASE("the welcome says who, where and for how long") {
    SessionBench bench(SessionBench::Options{{"node-7"}, proto::Format::json, 90s, false});
    bench.session.welcome(1'800'000'000'123);
    const auto welcome = bench.last<proto::Welcome>();
    CHECK(welcome.device.str() == "dev-1");
    CHECK(welcome.node == "node-7");
    CHECK(welcome.epoch == 1'800'000'000'123);
    CHECK(welcome.heartbeat == 20s);
    CHECK(welcome.max_message_bytes == 65536);
    CHECK(welcome.time == bench.host.clock.now().wall);
    CHECK(welcome.expires_at == bench.host.clock.now().wall + 90s);
    CHECK(bench.host.counted_out.back() == "welcome");
}

TEST_CASE("a session without a token tells no expiry") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    bench.session.welcome(1);
    CHECK_FALSE(bench.last<proto::Welcome>().expires_at);
}

TEST_CASE("the welcome is the first frame, whatever the device said before") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    bench.receive(R"({"type":"heartbeat"})");
    bench.receive("nonsense");
    CHECK(bench.link.sent.empty());
    bench.session.welcome(1);
    CHECK(bench.types() == "welcome heartbeat error");
    bench.receive(R"({"type":"heartbeat"})");
    CHECK(bench.types() == "welcome heartbeat error heartbeat");
}

TEST_CASE("answers held back for the welcome are bounded") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    for (int i = 0; i < 50; ++i) {
        bench.receive(R"({"type":"heartbeat"})");
    }
    bench.session.welcome(1);
    CHECK(bench.link.sent.size() == 1 + core::kMaxEarlyFrames);
}

TEST_CASE("a heartbeat is answered with the time") {
    SessionBench bench;
    bench.host.clock.advance(5s);
    bench.receive(R"({"type":"heartbeat"})");
    CHECK(bench.types() == "heartbeat");
    CHECK(bench.last<proto::HeartbeatAnswer>().time == bench.host.clock.now().wall);
    CHECK(bench.host.reports.empty());
}

TEST_CASE("a session on CBOR speaks CBOR") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::cbor});
    bench.session.on_frame(
        FrameKind::binary,
        proto::encode(proto::Format::cbor, proto::DeviceFrame(proto::Heartbeat{})));
    REQUIRE(bench.link.sent.size() == 1);
    CHECK(bench.link.sent.front().kind == FrameKind::binary);
    CHECK(bench.types() == "heartbeat");
}

TEST_CASE("a device silent for 50 s is closed, one that was silent for less is not") {
    SessionBench bench;
    bench.pass(49'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4002);
    CHECK(bench.close_reason() == "heartbeat_missed");
    CHECK(bench.link.closes == 1);
}

TEST_CASE("every sign of life counts") {
    SessionBench bench;
    bench.pass(49'900ms);
    SUBCASE("heartbeat") {
        bench.receive(R"({"type":"heartbeat"})");
    }
    SUBCASE("ping or pong") {
        bench.session.on_control_frame();
    }
    SUBCASE("empty text") {
        bench.receive("");
    }
    SUBCASE("a line feed") {
        bench.receive("\n");
    }
    SUBCASE("any frame") {
        bench.receive(R"({"type":"hello"})");
    }
    SUBCASE("even nonsense") {
        bench.receive("nonsense");
    }
    bench.pass(49'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4002);
}

TEST_CASE("empty text and a line feed are life and nothing else") {
    for (const auto format : {proto::Format::json, proto::Format::cbor}) {
        SessionBench bench(SessionBench::Options{{"n1"}, format});
        bench.receive("");
        bench.receive("\n");
        CHECK(bench.link.sent.empty());
        CHECK(bench.close_code() == 0);
        CHECK(bench.host.reports.empty());
        CHECK(bench.host.counted_in == std::vector<std::string>{"heartbeat", "heartbeat"});
    }
}

TEST_CASE("frames that the server sends are no sign of life") {
    SessionBench bench;
    bench.pass(30s);
    bench.send_command("c1");
    bench.pass(20s);
    CHECK(bench.close_code() == 4002);
}

TEST_CASE("there is one look ahead, however busy the session") {
    SessionBench bench;
    for (int i = 0; i < 2000; ++i) {
        bench.pass(1s);
        bench.receive("");
        REQUIRE_FALSE(bench.host.looks.empty());
        REQUIRE(bench.host.looks.size() <= 2);  // the second one is of before the welcome
    }
    CHECK(bench.host.looks.size() == 1);
    CHECK(bench.close_code() == 0);
}

TEST_CASE("links that fill up and drain again and again do not multiply the looks") {
    SessionBench bench;
    for (int i = 0; i < 2000; ++i) {
        bench.pass(1s);
        bench.link.max_unsent = 0;
        bench.receive(R"({"type":"heartbeat"})");
        bench.link.max_unsent = 1'000'000;
        bench.session.on_writable();
        REQUIRE_FALSE(bench.host.looks.empty());
        REQUIRE(bench.host.looks.size() <= 8);  // one every 10 s, and each lives for at most 50 s
    }
    CHECK(bench.close_code() == 0);
    bench.pass(50s);
    CHECK(bench.close_code() == 4002);
}

TEST_CASE("looks that come too early or twice are ignored and start no second chain") {
    SessionBench bench;
    bench.pass(20s);
    const auto looks = bench.host.looks.size();
    for (int i = 0; i < 10; ++i) {
        bench.session.check();
    }
    CHECK(bench.host.looks.size() == looks);
    CHECK(bench.close_code() == 0);
    bench.pass(30s);
    CHECK(bench.close_code() == 4002);
}

TEST_CASE("a dead_after far beyond the wheel's horizon is kept exactly") {
    SessionBench bench(SessionBench::Options{{"n1", 300s, 600s}});
    bench.pass(599'900ms);
    CHECK(bench.close_code() == 0);
    CHECK(bench.host.looks.size() == 1);
    for (const auto look : bench.host.looks) {
        CHECK(look - bench.host.clock.now().mono <= core::kLongestSleep);
    }
    bench.pass(100ms);
    CHECK(bench.close_code() == 4002);
}

TEST_CASE("late looks lose nothing") {
    SessionBench bench;
    bench.host.clock.advance(49s);
    CHECK_FALSE(bench.session.check());
    CHECK(bench.close_code() == 0);
    bench.host.clock.advance(200s);
    CHECK(bench.session.check());
    CHECK(bench.close_code() == 4002);
    CHECK_FALSE(bench.session.check());  // ended before
}

TEST_CASE("a session that gets no welcome within 10 s is sent away") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    bench.pass(9'900ms);
    bench.receive("");
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 1013);
    CHECK(bench.close_reason() == "overloaded retry_after_ms=10000");
    CHECK(bench.link.sent.empty());
}

TEST_CASE("steps of the wall clock close nobody") {
    for (const auto step : {1h, -1h}) {
        SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, 30min});
        bench.host.clock.step_wall(step);
        for (int i = 0; i < 60; ++i) {
            bench.pass(20s);
            bench.receive("");
        }
        CHECK(bench.close_code() == 0);
    }
}
