#include "tests/unit/core/session_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::core::FrameKind;
using dm::test::SessionBench;
using namespace std::chrono_literals;
namespace core = dm::core;
namespace proto = dm::proto;

// Too fast, too slow, nonsense.

TEST_CASE("frames faster than the rate are fine up to the burst, then 4005") {
    SessionBench bench(SessionBench::Options{{"n1", 20s, 50s, 50}});
    for (int i = 0; i < 200; ++i) {
        bench.receive("");
    }
    CHECK(bench.close_code() == 0);
    SUBCASE("a text frame") {
        bench.receive("");
    }
    SUBCASE("a binary frame") {
        bench.session.on_frame(FrameKind::binary, "x");
    }
    SUBCASE("a ping") {
        bench.session.on_control_frame();
    }
    CHECK(bench.close_code() == 4005);
    CHECK(bench.close_reason() == "rate_limit");
    CHECK(bench.link.closes == 1);
}

TEST_CASE("frames at the rate go on for ever") {
    SessionBench bench(SessionBench::Options{{"n1", 20s, 50s, 50}});
    for (int i = 0; i < 5000; ++i) {
        bench.host.clock.advance(20ms);
        bench.receive("");
    }
    CHECK(bench.close_code() == 0);
}

TEST_CASE("a bad frame is answered with an error that names what is wrong") {
    SessionBench bench;
    bench.receive(R"({"type":"reply","id":"c1"})");
    const auto error = bench.last<proto::ErrorFrame>();
    CHECK(error.code == proto::FrameError::bad_frame);
    CHECK(error.id == "c1");
    CHECK_FALSE(error.message.empty());
    CHECK(bench.host.counted_in == std::vector<std::string>{"invalid"});
    CHECK(bench.host.reports.empty());
}

TEST_CASE("ten bad frames in a minute end the session, nine do not") {
    SessionBench bench;
    for (int i = 0; i < 9; ++i) {
        bench.receive("[]");
        bench.host.clock.advance(6s);
    }
    CHECK(bench.close_code() == 0);
    bench.host.clock.advance(5'999ms);  // 59.999 s after the first one
    bench.receive("{");
    CHECK(bench.close_code() == 1008);
    CHECK(bench.link.sent.size() == 10);
    CHECK(bench.types().find("reconnect") == std::string::npos);
}

TEST_CASE("bad frames older than a minute are forgotten") {
    SessionBench bench;
    for (int i = 0; i < 9; ++i) {
        bench.receive("[]");
    }
    bench.host.clock.advance(60s);
    for (int i = 0; i < 9; ++i) {
        bench.receive("[]");
    }
    CHECK(bench.close_code() == 0);
    bench.receive("[]");
    CHECK(bench.close_code() == 1008);
}

TEST_CASE("any ten within a minute count, wherever the minute starts") {
    SessionBench bench;
    bench.receive("[]");
    bench.host.clock.advance(50s);
    for (int i = 0; i < 8; ++i) {
        bench.receive("[]");
    }
    bench.host.clock.advance(11s);
    bench.receive("[]");
    CHECK(bench.close_code() == 0);
    bench.receive("[]");
    CHECK(bench.close_code() == 1008);
}

TEST_CASE("unknown types are told and not counted") {
    SessionBench bench;
    for (int i = 0; i < 50; ++i) {
        bench.receive(R"({"type":"dance"})");
    }
    CHECK(bench.close_code() == 0);
    CHECK(bench.last<proto::ErrorFrame>().code == proto::FrameError::unknown_type);
}

TEST_CASE("binary on json is unacceptable") {
    SessionBench bench;
    SUBCASE("some") {
        bench.session.on_frame(FrameKind::binary, R"({"type":"heartbeat"})");
    }
    SUBCASE("empty") {
        bench.session.on_frame(FrameKind::binary, "");
    }
    CHECK(bench.close_code() == 1003);
    CHECK(bench.link.sent.empty());
}

TEST_CASE("text on cbor is unacceptable") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::cbor});
    SUBCASE("a frame") {
        bench.receive(R"({"type":"heartbeat"})");
    }
    SUBCASE("two line feeds") {
        bench.receive("\n\n");
    }
    CHECK(bench.close_code() == 1003);
}

TEST_CASE("a link on which nothing leaves for 10 s is closed") {
    SessionBench bench;
    bench.link.unsent = bench.link.max_unsent;
    bench.receive(R"({"type":"heartbeat"})");
    bench.pass(9'900ms);
    bench.receive("");
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4006);
}

TEST_CASE("the 10 s count from the first frame that did not fit") {
    SessionBench bench;
    bench.link.unsent = bench.link.max_unsent;
    bench.receive(R"({"type":"heartbeat"})");
    bench.pass(9s);
    bench.receive(R"({"type":"heartbeat"})");
    bench.pass(1s);
    CHECK(bench.close_code() == 4006);
}

TEST_CASE("a link that became writable in time is not closed") {
    SessionBench bench;
    bench.link.unsent = bench.link.max_unsent;
    bench.receive(R"({"type":"heartbeat"})");
    bench.pass(9'900ms);
    bench.link.unsent = 0;
    bench.session.on_writable();
    CHECK(bench.host.reported<core::SessionWritable>().size() == 1);
    bench.pass(30s);
    CHECK(bench.close_code() == 0);
    bench.receive(R"({"type":"heartbeat"})");
    CHECK(bench.types() == "heartbeat");
}

TEST_CASE("a link that drains slowly is not closed as long as a byte leaves in 10 s") {
    SessionBench bench;
    bench.link.unsent = bench.link.max_unsent;
    bench.receive(R"({"type":"heartbeat"})");
    for (int i = 0; i < 10; ++i) {
        bench.pass(5s);
        bench.receive("");
        bench.pass(4s);
        bench.link.taken += 1;  // the message it is of is still unsent
        bench.pass(1s);
        CHECK(bench.close_code() == 0);
    }
    bench.receive("");
    bench.pass(10s);
    CHECK(bench.close_code() == 4006);
}

TEST_CASE("a link that fills up again gets its 10 s again") {
    SessionBench bench;
    for (int i = 0; i < 5; ++i) {
        bench.link.unsent = bench.link.max_unsent;
        bench.receive(R"({"type":"heartbeat"})");
        bench.pass(9s);
        bench.link.unsent = 0;
        bench.session.on_writable();
    }
    CHECK(bench.close_code() == 0);
    bench.link.unsent = bench.link.max_unsent;
    bench.receive(R"({"type":"heartbeat"})");
    bench.pass(9'900ms);
    CHECK(bench.close_code() == 0);
    bench.pass(100ms);
    CHECK(bench.close_code() == 4006);
}
