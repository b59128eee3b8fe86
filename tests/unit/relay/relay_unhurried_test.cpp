// What nobody waits for: it wakes nobody, and comes along with what somebody does wait for.

#include "tests/unit/relay/relay_node.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using namespace std::chrono_literals;
using core::SessionRef;
using test::Node;

constexpr SessionRef kSession{0, 1};
constexpr auto kSoon = 10ms;

core::Report sending_of(Node& node, const std::string& id, bool ok = true) {
    return {kSession, test::device_id("d-1"), core::CommandSent{id, ok, node.clock().now()}};
}

core::Report reply_to(const std::string& id) {
    return {kSession,
            test::device_id("d-1"),
            core::ForwardedFrame{proto::Reply{id, "ok", "1", std::nullopt, std::nullopt}}};
}

bool tells(Node& node, const std::string& topic, const std::string& state) {
    const auto messages = node.on(topic);
    return std::any_of(messages.begin(), messages.end(), [&state](const auto& message) {
        return message.payload.find(R"("state":")" + state + '"') != std::string::npos;
    });
}

void give(Node& node, core::Report report) {
    static_cast<void>(node.relay().report(std::move(report)));
}

/// Before the relay has looked, its frame has left and the device has answered.
void answer_at_once(Node& node, const std::string& id) {
    give(node, sending_of(node, id));
    give(node, reply_to(id));
    node.run();
}

}  // namespace

TEST_CASE("that a frame has left wakes nobody, and is taken up soon all the same") {
    Node node;
    node.open(kSession);
    node.publish(R"({"id":"c-1","command":"x"})");
    REQUIRE(node.relay().next_deadline());
    CHECK(*node.relay().next_deadline() == node.clock().now().mono + kSoon);
    give(node, sending_of(node, "c-1"));
    CHECK(node.relay().loop().io().poll() == 0);
    CHECK_FALSE(tells(node, "dm/status/d-1", "sent"));
    node.clock().advance(kSoon);
    node.relay().advance();
    CHECK(tells(node, "dm/status/d-1", "sent"));
}

TEST_CASE("that a frame has not left wakes the relay: its command is to go elsewhere") {
    Node node;
    node.open(kSession);
    node.publish(R"({"id":"c-1","command":"x"})");
    give(node, sending_of(node, "c-1", false));
    CHECK(node.relay().loop().io().poll() > 0);
}

TEST_CASE("an acknowledged publish wakes nobody, one that failed does") {
    Node node;
    static_cast<void>(node.relay().loop().io().poll());
    node.relay().on_published(1'000'000, broker::PublishResult::acknowledged);
    CHECK(node.relay().loop().io().poll() == 0);
    node.relay().on_published(1'000'001, broker::PublishResult::failed);
    CHECK(node.relay().loop().io().poll() > 0);
}

TEST_CASE("many that nobody waits for wake the relay after all") {
    Node node;
    std::size_t reports = 0;
    while (node.relay().loop().io().poll() == 0 && reports < 1000) {
        node.relay().on_published(1'000'000 + reports++, broker::PublishResult::acknowledged);
    }
    CHECK(reports > 1);
    CHECK(reports <= 16);
}

TEST_CASE("a state that the end overtakes is not published, unless the operator asked for states") {
    Node node;
    node.open(kSession);
    node.publish(R"({"id":"c-1","command":"x"})");
    answer_at_once(node, "c-1");
    CHECK(tells(node, "dm/replies/d-1", "succeeded"));
    CHECK(tells(node, "dm/status/d-1", "accepted"));
    CHECK_FALSE(tells(node, "dm/status/d-1", "sent"));

    node.publish(R"({"id":"c-2","command":"x","report":"states"})", "answers/1");
    answer_at_once(node, "c-2");
    CHECK(tells(node, "answers/1", "succeeded"));
    CHECK(tells(node, "answers/1", "sent"));
    CHECK(tells(node, "dm/status/d-1", "sent"));
}

TEST_CASE("with nothing to come no time is waited for") {
    Node node;
    node.open(kSession);
    node.publish(R"({"id":"c-1","command":"x"})");
    answer_at_once(node, "c-1");
    node.pass(kSoon);
    CHECK_FALSE(node.relay().next_deadline());
}

}  // namespace dm::relay
