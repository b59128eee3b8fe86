// What survives the relay's process, with stores and brokers that do what they are told.

#include "tests/unit/relay/relay_node.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace std::chrono_literals;
using test::kFirst;
using test::kSecond;
using test::Node;

namespace {

std::string message_id(const broker::OutboundMessage& message) {
    return message.user_properties.at(0).second;
}

}  // namespace

TEST_CASE("a publish that was logged and not stored is taken up by the next process") {
    Node node;
    node.hold_store();
    node.publish(R"({"id":"c-1","command":"x","ttl_s":600})");
    CHECK(node.on("dm/status/d-1").empty());
    node.kill();
    static_cast<void>(node.broker().take_published());
    node.start();
    node.complete();
    node.complete();
    CHECK(node.on("dm/status/d-1").size() >= 1);
    node.open(kFirst);
    CHECK(node.confirm_sendings().size() == 1);
}

TEST_CASE("what comes or comes due while a process is closed is the next one's") {
    Node node;
    node.publish(R"({"id":"c-1","command":"x","ttl_s":5})");
    node.pass(1s);
    static_cast<void>(node.broker().take_published());
    node.close();
    node.publish(R"({"id":"c-2","command":"x","ttl_s":600})");
    node.pass(10s);
    CHECK(node.broker().take_published().empty());
    node.restart();
    node.pass(1s);
    REQUIRE(node.on("dm/replies/d-1").size() == 1);
    CHECK(test::says(node.on("dm/replies/d-1")[0], "c-1"));
    REQUIRE_FALSE(node.on("dm/status/d-1").empty());
    CHECK(test::says(node.on("dm/status/d-1")[0], "c-2"));
}

TEST_CASE("a command without an id that is replayed after its commit is not a second one") {
    Node node;
    node.publish(R"({"command":"x","ttl_s":600})");
    // The log as it was before the import was noted.
    const auto records = node.ingress().records;
    test::MemoryStore& store = node.store();
    REQUIRE(store.durable_lsn() == 1);
    node.kill();
    node.start();
    node.open(kFirst);
    CHECK(node.confirm_sendings().size() == 1);
    // The same bytes come again under a later number, as from a broker that missed our PUBACK.
    static_cast<void>(node.ingress().append(records.begin()->second));
    node.restart();
    node.open(kFirst);
    const auto sent = node.confirm_sendings();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].frame.attempt == 2);
}

TEST_CASE("records are decided in their order, also when one needs no answer of the store") {
    Node node;
    node.hold_store();
    node.publish(R"({"id":"c-1","command":"x"})");
    node.publish("no JSON");
    CHECK(node.store().durable_lsn() == 0);
    node.complete();
    CHECK(node.store().durable_lsn() == 2);
}

TEST_CASE("a cancellation of a command that is being stored survives the process") {
    Node node;
    node.hold_store();
    node.publish(R"({"id":"c-1","command":"x","ttl_s":600})");
    node.complete(1);  // the search: it is submitted, its commit is under way
    node.cancel("c-1");
    CHECK(node.store().durable_lsn() == 2);
    node.kill();
    node.start();
    node.complete();
    REQUIRE(node.on("dm/replies/d-1").size() == 1);
    CHECK(node.on("dm/replies/d-1")[0].payload.find("cancelled") != std::string::npos);
}

TEST_CASE("wherever the process dies, a submission that was rejected is not accepted afterwards") {
    for (std::size_t transactions = 0; transactions < 10; ++transactions) {
        CAPTURE(transactions);
        Node node;
        node.store().crash_after(transactions);
        // Behind one that needs answers of the store.
        node.publish(R"({"id":"c-1","command":"x","ttl_s":600,"after":"c-0"})");
        node.publish(R"({"id":"c-2","command":"x","ttl_s":0})");
        node.kill();
        // Connected now: it would not be rejected any more.
        node.start(true, [&] { node.open(kFirst); });
        node.confirm_sendings();
        const bool is_accepted = !node.on("dm/status/d-1").empty();
        std::vector<std::string> rejections;
        for (const broker::OutboundMessage& message : node.on("dm/replies/d-1")) {
            if (message.payload.find("\"c-2\"") != std::string::npos) {
                rejections.push_back(message.payload);
            }
        }
        CHECK(rejections.empty() == is_accepted);
    }
}

TEST_CASE("wherever the process dies, a repetition gets what its command got, never a conflict") {
    for (std::size_t transactions = 0; transactions < 12; ++transactions) {
        CAPTURE(transactions);
        Node node;
        node.store().crash_after(transactions);
        node.open(kFirst);
        node.publish(R"({"id":"c-1","command":"x","ttl_s":600})", "answers/1");
        node.confirm_sendings();
        node.reply(kFirst, "c-1");
        node.publish(R"({"id":"c-1","command":"x","ttl_s":600})", "answers/2");
        node.restart();
        node.open(kSecond);
        node.confirm_sendings();
        node.reply(kSecond, "c-1");
        for (const std::string topic : {"answers/1", "answers/2"}) {
            for (const broker::OutboundMessage& message : node.on(topic)) {
                CHECK(message.payload.find("conflict") == std::string::npos);
            }
        }
        CHECK_FALSE(node.on("answers/1").empty());
        CHECK_FALSE(node.on("answers/2").empty());
    }
}

TEST_CASE("a rejection is published again by the next process until it is acknowledged") {
    Node node;
    node.broker().disconnect();
    node.publish(R"({"id":"c-1"})");
    CHECK(node.on("dm/replies/d-1").empty());
    node.restart();
    REQUIRE(node.on("dm/replies/d-1").size() == 1);
}

TEST_CASE("an end that was stored is published by the next process, the same bytes") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.reply(kFirst, "c-1");
    const auto first = node.on("dm/replies/d-1");
    REQUIRE(first.size() == 1);
    static_cast<void>(node.broker().take_published());
    node.restart();
    const auto again = node.on("dm/replies/d-1");
    REQUIRE(again.size() == 1);
    CHECK(again[0].payload == first[0].payload);
    CHECK(message_id(again[0]) == message_id(first[0]));
}

TEST_CASE("an end that was acknowledged is published by the next process, when it has time") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.reply(kFirst, "c-1");
    node.pass(1s);
    static_cast<void>(node.broker().take_published());
    node.restart();
    CHECK(node.on("dm/replies/d-1").empty());
    node.pass(250ms);
    CHECK(node.on("dm/replies/d-1").size() == 1);
}

TEST_CASE("a broker that comes back within a minute gets the last ends again, a minute later not") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.reply(kFirst, "c-1");
    static_cast<void>(node.broker().take_published());
    node.pass(30s);
    node.broker().disconnect();
    node.broker().connect(false);
    node.run();
    node.pass(250ms);
    CHECK(node.on("dm/replies/d-1").size() == 1);
    static_cast<void>(node.broker().take_published());
    node.pass(60s);
    node.broker().disconnect();
    node.broker().connect(false);
    node.run();
    node.pass(250ms);
    CHECK(node.on("dm/replies/d-1").empty());
    node.restart();
    node.pass(250ms);
    CHECK(node.on("dm/replies/d-1").empty());
}

TEST_CASE("a message that the broker refuses stays in the store and is tried by the next process") {
    Node node;
    node.open(kFirst);
    node.publish(R"({"id":"c-1","command":"x"})");
    node.confirm_sendings();
    node.broker().refuse("dm/replies/d-1");
    node.reply(kFirst, "c-1");
    node.pass(5min);
    CHECK(node.broker().outstanding() == 0);
    CHECK(node.store().load(node.clock().now()).outbox.size() == 1);
    static_cast<void>(node.broker().take_published());
    node.broker().refuse("");
    node.restart();
    node.pass(250ms);
    CHECK(node.on("dm/replies/d-1").size() == 1);
}

TEST_CASE("no at_most_once command leaves before it is stored that it may have") {
    Node node;
    node.open(kFirst);
    node.hold_store();
    node.publish(R"({"id":"c-1","command":"x","delivery":"at_most_once"})");
    node.complete(1);
    node.complete(1);
    CHECK(node.on("dm/status/d-1").size() == 1);  // accepted
    CHECK(node.confirm_sendings().empty());
    node.complete(1);
    CHECK(node.confirm_sendings().size() == 1);
}

TEST_CASE("epochs rise over a restart, even when the clock is set back") {
    Node node;
    node.open(kFirst);
    const std::uint64_t first = node.orders<core::Welcome>().front().second.epoch;
    node.clock().step_wall(-1h);
    node.restart();
    node.open(kSecond);
    CHECK(node.orders<core::Welcome>().front().second.epoch > first);
}

TEST_CASE("without room for the log the node tells, and leaves the broker until there is") {
    Node node;
    node.ingress().nearly_full = true;
    node.pass(1s);
    CHECK(node.broker().paused());
    CHECK(node.health().store_problem.load() != nullptr);
    node.ingress().nearly_full = false;
    node.pass(1s);
    CHECK_FALSE(node.broker().paused());
    CHECK(node.health().store_problem.load() == nullptr);
}

TEST_CASE("a publish that the log cannot take is not acknowledged") {
    Node node;
    node.ingress().problem = store::AppendProblem::io;
    CHECK_THROWS(node.publish(R"({"id":"c-1","command":"x"})"));
}

TEST_CASE("what came while the node was down is answered once, in order") {
    Node node;
    node.open(kFirst);
    for (const std::string id : {"c-1", "c-2", "c-3"}) {
        node.publish(R"({"id":")" + id + R"(","command":"x"})");
    }
    node.confirm_sendings();
    node.restart();
    node.open(kSecond);
    const auto sent = node.confirm_sendings();
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].frame.id == "c-1");
    CHECK(sent[1].frame.id == "c-2");
    CHECK(sent[2].frame.id == "c-3");
    CHECK(sent[0].frame.attempt == 2);
}
