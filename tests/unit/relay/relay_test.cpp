#include "tests/unit/relay/relay_node.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using namespace std::chrono_literals;
using core::SessionRef;
using test::kFirst;
using test::kSecond;
using test::Node;
using test::says;

}  // namespace

TEST_CASE("a command goes to the device's session and its reply to the reply topic") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"turn_on","args":{"level": 3}})");
    const auto sent = node.confirm_sendings();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].frame.command == "turn_on");
    CHECK(sent[0].frame.args == R"({"level": 3})");
    CHECK(sent[0].frame.attempt == 1);
    REQUIRE_FALSE(node.on("dm/status/d-1").empty());
    CHECK(says(node.on("dm/status/d-1").front(), R"("state":"accepted")"));
    node.reply(kFirst, "c-1");
    const auto replies = node.on("dm/replies/d-1");
    REQUIRE(replies.size() == 1);
    CHECK(says(replies[0], R"("state":"succeeded")"));
    CHECK(says(replies[0], R"({"v":1})"));
    const auto acks = node.orders<core::AcknowledgeReply>();
    REQUIRE(acks.size() == 1);
    CHECK(acks[0].second.ack.result == proto::ReplyResult::stored);
}

TEST_CASE("a frame is handed on before the state that tells of it") {
    Node node;
    node.open(kFirst);
    const std::size_t before = node.broker().published().size();
    node.publish(R"({"id":"c-1","command":"x"})");
    CHECK(node.published_at_order() == before);
    CHECK(node.on("dm/status/d-1").size() == 1);
    REQUIRE(node.confirm_sendings().size() == 1);
}

TEST_CASE("the same id again publishes the stored bytes with the same message id") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.reply(kFirst, "c-1");
    node.publish(R"({"id":"c-1","command":"x"})", "answers/2");
    CHECK(node.confirm_sendings().empty());
    const auto first = node.on("dm/replies/d-1");
    const auto again = node.on("answers/2");
    REQUIRE(first.size() == 1);
    REQUIRE(again.size() == 1);
    CHECK(first[0].payload == again[0].payload);
    CHECK(first[0].user_properties == again[0].user_properties);
}

TEST_CASE("a second login closes the first session, whose late close changes nothing") {
    Node node;
    node.open(kFirst);
    node.open(kSecond);
    const auto closes = node.orders<core::CloseSession>();
    REQUIRE(closes.size() == 1);
    CHECK(closes[0].first == kFirst);
    CHECK(closes[0].second.code == proto::CloseCode::replaced);
    node.report(kFirst, core::SessionClosed{proto::CloseCode::replaced, "replaced"});
    CHECK(says(node.on("dm/presence/d-1").back(), R"("online":true)"));
    node.publish(R"({"id":"c-1","command":"x"})");
    CHECK(node.confirm_sendings().size() == 1);
    node.report(kSecond, core::SessionClosed{proto::CloseCode::going_away, ""});
    CHECK(says(node.on("dm/presence/d-1").back(), R"("online":false)"));
}

TEST_CASE("a session that lost its device is not listened to") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.open(kSecond);
    node.reply(kFirst, "c-1");
    CHECK(node.on("dm/replies/d-1").empty());
    const auto sent = node.confirm_sendings();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].frame.attempt == 2);
}

TEST_CASE("two devices with one id: after five take-overs newcomers are told to wait") {
    Node node;
    for (std::uint64_t number = 1; number <= 6; ++number) {
        node.open({0, number});
    }
    CHECK(node.orders<core::CloseSession>().size() == 5);
    node.open({0, 7});
    const auto closes = node.orders<core::CloseSession>();
    REQUIRE(closes.size() == 6);
    CHECK(closes.back().first == SessionRef{0, 7});
    CHECK(closes.back().second.code == proto::CloseCode::overloaded);
    CHECK(closes.back().second.retry_after.has_value());
    CHECK(node.orders<core::Welcome>().size() == 6);
}

TEST_CASE("a broker that comes back is told again who is online: it may have an older state") {
    for (const bool session_present : {false, true}) {
        CAPTURE(session_present);
        Node node;
        node.open(kFirst);
        node.broker().disconnect();
        node.run();
        static_cast<void>(node.broker().take_published());
        node.broker().connect(session_present);
        node.run();
        CHECK(node.on("dm/presence/d-1").size() == 1);
        CHECK(node.on("dm/nodes/n1").size() == 1);
    }
}

TEST_CASE("an end that the broker did not take is published after it has come back") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.broker().disconnect();
    node.reply(kFirst, "c-1");
    CHECK(node.on("dm/replies/d-1").empty());
    node.broker().connect(true);
    node.run();
    CHECK(node.on("dm/replies/d-1").size() == 1);
}

TEST_CASE("a command that nobody answers times out at its moment, by whatever clock") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x","timeout_s":5})");
    CHECK(node.confirm_sendings().size() == 1);
    node.pass(std::chrono::milliseconds(4999));
    CHECK(node.on("dm/replies/d-1").empty());
    node.pass(std::chrono::milliseconds(1));
    REQUIRE(node.on("dm/replies/d-1").size() == 1);
    CHECK(says(node.on("dm/replies/d-1")[0], R"("state":"timed_out")"));
    CHECK(says(node.on("dm/replies/d-1")[0], R"("latency_ms":5000)"));
}

TEST_CASE("states in great number keep a pace, and none waits longer than it may") {
    constexpr auto kAtOnce = static_cast<std::ptrdiff_t>(StatusQueue::kAtOnce);
    Node node;
    const auto queued = [&] {
        const auto states = node.on("dm/status/d-1");
        return std::count_if(states.begin(), states.end(), [](const auto& message) {
            return says(message, R"("state":"queued")");
        });
    };
    for (int number = 0; number < 60; ++number) {
        node.publish(R"({"id":")" + std::to_string(number) + R"(","command":"x"})");
    }
    CHECK(queued() == kAtOnce);
    node.pass(5ms);
    CHECK(queued() == kAtOnce + 10);
    node.pass(StatusQueue::kMaxWait);
    CHECK(queued() == 60);
}

TEST_CASE("an input that cannot be a command gets one rejection and goes no further") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1"})");
    REQUIRE(node.on("dm/replies/d-1").size() == 1);
    CHECK(says(node.on("dm/replies/d-1")[0], R"("state":"rejected")"));
    CHECK(says(node.on("dm/replies/d-1")[0], "command"));
    CHECK(node.confirm_sendings().empty());
    CHECK(node.on("dm/status/d-1").empty());
}

TEST_CASE("telemetry and alerts of a device are published under its id") {
    Node node;
    node.open(kFirst);
    node.report(kFirst,
                core::ForwardedFrame{proto::Telemetry{
                    proto::Name::parse("temp").value(), R"({"c":21.5})", std::nullopt}});
    node.report(kFirst,
                core::ForwardedFrame{
                    proto::Alert{proto::Severity::critical, "smoke", std::nullopt, std::nullopt}});
    REQUIRE(node.on("dm/telemetry/d-1/temp").size() == 1);
    CHECK(node.on("dm/telemetry/d-1/temp")[0].qos == 0);
    REQUIRE(node.on("dm/alerts/d-1").size() == 1);
    CHECK(node.on("dm/alerts/d-1")[0].qos == 1);
}

TEST_CASE("hello puts model and firmware into the presence") {
    Node node;
    node.open(kFirst);
    node.report(kFirst, core::ForwardedFrame{proto::Hello{"lamp", "1.2", std::nullopt}});
    CHECK(says(node.on("dm/presence/d-1").back(), R"("model":"lamp")"));
}

}  // namespace dm::relay
