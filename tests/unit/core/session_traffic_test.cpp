#include "tests/unit/core/session_bench.hpp"

#include <string>
#include <variant>

#include <doctest/doctest.h>

using dm::core::FrameKind;
using dm::test::SessionBench;
using namespace std::chrono_literals;
namespace core = dm::core;
namespace proto = dm::proto;

// What passes through: commands down, frames up, and the close.

TEST_CASE("a command is sent and reported once") {
    SessionBench bench;
    bench.host.clock.advance(3s);
    bench.send_command("c1", R"({"x": 1})");
    const auto frame = bench.last<proto::CommandFrame>();
    CHECK(frame.id == "c1");
    CHECK(frame.args == R"({"x": 1})");
    CHECK(frame.attempt == 1);
    CHECK(bench.sent_reports() == "c1:yes");
    CHECK(bench.host.reported<core::CommandSent>().front().at.mono == bench.host.clock.now().mono);
    CHECK(bench.host.counted_out.back() == "command");
}

TEST_CASE("a command for a session that is closing did not leave") {
    SessionBench bench;
    bench.session.close(proto::CloseCode::replaced, {});
    bench.send_command("c1");
    bench.session.on_close(proto::CloseCode::replaced, "replaced");
    bench.send_command("c2");
    CHECK(bench.sent_reports() == "c1:no c2:no");
    CHECK(bench.link.sent.empty());
}

TEST_CASE("a command before the welcome does not leave") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    bench.send_command("c1");
    CHECK(bench.sent_reports() == "c1:no");
    bench.session.welcome(1);
    CHECK(bench.types() == "welcome");
}

TEST_CASE("a full link: younger commands do not slip through where an older one did not fit") {
    SessionBench bench;
    bench.link.max_unsent = 300;
    bench.send_command("big", R"({"x":")" + std::string(400, 'x') + R"("})");
    bench.send_command("c2");
    bench.send_command("c3");
    CHECK(bench.link.sent.empty());
    bench.link.max_unsent = 100'000;
    bench.session.on_writable();
    CHECK(bench.sent_reports() == "big:no c2:no c3:no writable");
    for (const auto* id : {"big", "c2", "c3"}) {
        bench.send_command(id);
    }
    CHECK(bench.types() == "command command command");
    CHECK(bench.sent_reports() == "big:no c2:no c3:no writable big:yes c2:yes c3:yes");
}

TEST_CASE("a full link: commands that were under way when it became writable are sent back too") {
    SessionBench bench;
    bench.link.max_unsent = 0;
    bench.send_command("c1");
    bench.link.max_unsent = 100'000;
    bench.session.on_writable();
    bench.send_command("c2");
    bench.send_command("c3");
    CHECK(bench.sent_reports() == "c1:no writable c2:no writable c3:no writable");
    bench.send_command("c1");
    bench.send_command("c2");
    CHECK(bench.sent_reports() == "c1:no writable c2:no writable c3:no writable c1:yes c2:yes");
}

TEST_CASE("a full link: when what came back has ended meanwhile, the next command finds the way") {
    SessionBench bench;
    bench.link.max_unsent = 0;
    bench.send_command("c1");
    bench.link.max_unsent = 100'000;
    bench.session.on_writable();
    bench.send_command("c9");
    CHECK(bench.sent_reports() == "c1:no writable c9:no writable");
    bench.send_command("c9");
    CHECK(bench.sent_reports() == "c1:no writable c9:no writable c9:yes");
}

TEST_CASE("what concerns more than the session is forwarded") {
    SessionBench bench;
    bench.receive(R"({"type":"hello","model":"lamp","firmware":"1.2"})");
    bench.receive(R"({"type":"ack","id":"c1"})");
    bench.receive(R"({"type":"reply","id":"c1","status":"ok","data":{"a":[1, 2]}})");
    bench.receive(R"({"type":"telemetry","channel":"temp","data":21.5})");
    bench.receive(R"({"type":"alert","severity":"critical","message":"fire"})");
    const auto frames = bench.host.reported<core::ForwardedFrame>();
    REQUIRE(frames.size() == 5);
    CHECK(std::get<proto::Hello>(frames[0]).model == "lamp");
    CHECK(std::get<proto::Ack>(frames[1]).id == "c1");
    CHECK(std::get<proto::Reply>(frames[2]).data == R"({"a":[1, 2]})");
    CHECK(std::get<proto::Telemetry>(frames[3]).channel.str() == "temp");
    CHECK(std::get<proto::Alert>(frames[4]).severity == proto::Severity::critical);
    CHECK(bench.link.sent.empty());
    CHECK(bench.host.counted_in ==
          std::vector<std::string>{"hello", "ack", "reply", "telemetry", "alert"});
}

TEST_CASE("a reply ack goes out") {
    SessionBench bench;
    bench.session.acknowledge({"c1", proto::ReplyResult::late});
    CHECK(bench.last<proto::ReplyAck>().id == "c1");
    CHECK(bench.last<proto::ReplyAck>().result == proto::ReplyResult::late);
}

TEST_CASE("subscriptions are the relay's business") {
    SessionBench bench;
    bench.receive(R"({"type":"subscribe","streams":["public.news","private.notices"]})");
    bench.receive(R"({"event":"unsubscribe","streams":["public.news"]})");
    const auto frames = bench.host.reported<core::ForwardedFrame>();
    REQUIRE(frames.size() == 2);
    const auto* subscribe = std::get_if<proto::Subscribe>(&frames.front());
    REQUIRE(subscribe != nullptr);
    CHECK(subscribe->streams.size() == 2);
    CHECK(std::holds_alternative<proto::Unsubscribe>(frames[1]));
}

TEST_CASE("a message to many leaves half of what may be unsent to commands") {
    SessionBench::Options options;
    options.settings.max_unsent_bytes = 200'000;
    SessionBench bench(options);
    const std::string message(1000, 'm');
    CHECK(bench.session.deliver(message) == core::SendResult::ok);
    CHECK(bench.host.counted_out.back() == "message");
    bench.link.unsent = 100'000 - 999;
    CHECK(bench.session.deliver(message) == core::SendResult::dropped);
    bench.link.unsent = 100'000 - 1000;
    CHECK(bench.session.deliver(message) == core::SendResult::ok);
}

TEST_CASE("a message to many does not come before the welcome or after the close") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    CHECK(bench.session.deliver("{}") == core::SendResult::dropped);
    bench.session.welcome(1);
    CHECK(bench.session.deliver("{}") == core::SendResult::ok);
    bench.session.close(proto::CloseCode::drain, std::nullopt);
    CHECK(bench.session.deliver("{}") == core::SendResult::dropped);
}

TEST_CASE("a planned close tells before when to come back") {
    SessionBench bench;
    bench.session.close(proto::CloseCode::drain, 2500ms);
    const auto reconnect = bench.last<proto::Reconnect>();
    CHECK(reconnect.reason == "drain");
    CHECK(reconnect.retry_after == 2500ms);
    CHECK(bench.close_code() == 1012);
    CHECK(bench.close_reason() == "drain retry_after_ms=2500");
}

TEST_CASE("an unplanned close says only its word") {
    SessionBench bench;
    bench.session.close(proto::CloseCode::replaced, {});
    CHECK(bench.link.sent.empty());
    CHECK(bench.close_code() == 4001);
    CHECK(bench.close_reason() == "replaced");
}

TEST_CASE("a newcomer in a duel learns from the reason when to come back") {
    SessionBench bench(SessionBench::Options{{"n1"}, proto::Format::json, {}, false});
    bench.session.close(proto::CloseCode::overloaded, 60'000ms);
    CHECK(bench.link.sent.empty());
    CHECK(bench.close_reason() == "overloaded retry_after_ms=60000");
}

TEST_CASE("every close reason fits a close frame") {
    using proto::CloseCode;
    for (const auto code : {CloseCode::drain,
                            CloseCode::overloaded,
                            CloseCode::session_refresh,
                            CloseCode::heartbeat_missed,
                            CloseCode::owned_elsewhere}) {
        SessionBench bench;
        bench.session.close(code, 24h);
        CHECK(bench.close_reason().size() <= 123);
        CHECK(proto::retry_after(bench.close_reason()) == 24h);
    }
}

TEST_CASE("after the close nothing is sent, nothing is heard, and it is closed once") {
    SessionBench bench;
    bench.session.close(proto::CloseCode::drain, 1000ms);
    bench.link.sent.clear();
    bench.link.closed.reset();  // the fake would take frames again
    bench.receive(R"({"type":"heartbeat"})");
    bench.receive(R"({"type":"reply","id":"c1","status":"ok"})");
    bench.receive("nonsense");
    bench.session.on_frame(FrameKind::binary, "x");
    bench.session.on_control_frame();
    bench.session.acknowledge({"c1", proto::ReplyResult::stored});
    bench.session.welcome(9);
    bench.session.close(proto::CloseCode::replaced, {});
    bench.pass(10min);
    CHECK(bench.link.sent.empty());
    CHECK_FALSE(bench.link.closed);
    CHECK(bench.link.closes == 1);
    CHECK(bench.host.reported<core::ForwardedFrame>().empty());
}

TEST_CASE("a revoked identity ends its session at once") {
    SessionBench bench;
    bench.session.revoke();
    bench.session.revoke();
    bench.send_command("c1");
    CHECK(bench.close_code() == 1008);
    CHECK(bench.close_reason() == "revoked");
    CHECK(bench.link.closes == 1);
    CHECK(bench.sent_reports() == "c1:no");
}

TEST_CASE("the end of the link is logged and reported once, with its code") {
    SessionBench bench;
    CHECK_FALSE(bench.session.closed());
    bench.session.on_close(proto::CloseCode::going_away, "bye");
    CHECK(bench.session.closed());
    const auto closed = bench.host.reported<core::SessionClosed>();
    REQUIRE(closed.size() == 1);
    CHECK(closed.front().code == proto::CloseCode::going_away);
    CHECK(closed.front().reason == "bye");
    CHECK(bench.host.logged_closes.size() == 1);
    bench.pass(10min);
    CHECK(bench.link.closes == 0);
}
