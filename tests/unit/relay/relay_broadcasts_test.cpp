// Queries, broadcasts and streams, from the broker to the sessions and back.

#include "tests/unit/relay/relay_node.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm;
using namespace std::chrono_literals;
using core::SessionRef;
using test::device_id;
using test::kFirst;
using test::kSecond;

namespace {

class Fleet : public test::Node {
public:
    void connect(const std::string& device,
                 SessionRef session,
                 const std::vector<std::string>& groups) {
        std::vector<proto::Name> names;
        names.reserve(groups.size());
        for (const std::string& group : groups) {
            names.push_back(proto::Name::parse(group).value());
        }
        report(session, device_id(device), core::SessionOpened{"127.0.0.1:9", names});
    }

    void frame(const std::string& device, SessionRef session, core::ForwardedFrame frame) {
        report(session, device_id(device), std::move(frame));
    }

    void send(const std::string& topic,
              const std::string& payload,
              std::optional<std::string> response_topic = "answers/me") {
        broker::InboundMessage message;
        message.topic = topic;
        message.payload = payload;
        message.response_topic = std::move(response_topic);
        message.correlation = "c";
        broker().deliver(std::move(message));
        run();
    }

    /// What came on the Response Topic of that type, oldest first.
    std::vector<std::string> answers(const std::string& type) {
        std::vector<std::string> payloads;
        for (const broker::OutboundMessage& message : on("answers/me")) {
            CHECK(message.correlation == "c");
            for (const auto& [name, value] : message.user_properties) {
                if (name == "type" && value == type) {
                    payloads.push_back(message.payload);
                }
            }
        }
        return payloads;
    }

    std::vector<std::string> sent_ids() {
        std::vector<std::string> ids;
        for (const core::SendCommand& command : confirm_sendings()) {
            ids.push_back(command.frame.id);
        }
        std::sort(ids.begin(), ids.end());
        return ids;
    }
};

bool has(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

proto::Subscribe subscribe(bool is_private, const std::string& name) {
    return {{{is_private, proto::Name::parse(name).value()}}};
}

}  // namespace

TEST_CASE("a question is answered from the store on its Response Topic") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.frame("d-1", kFirst, proto::Hello{"L1", "2.0", R"({"site":"hall"})"});
    fleet.send("dm/queries", R"({"query":"device","device":"d-1"})");
    REQUIRE(fleet.answers("answer").size() == 1);
    const std::string online = fleet.answers("answer")[0];
    CHECK(has(online, R"("online":true)"));
    CHECK(has(online, R"("model":"L1")"));
    CHECK(has(online, R"("groups":["night","site.hall"])"));
    fleet.clock().advance(1s);
    fleet.report(
        kFirst, device_id("d-1"), core::SessionClosed{proto::CloseCode::going_away, "bye"});
    fleet.send("dm/queries", R"({"query":"device","device":"d-1"})");
    const std::string offline = fleet.answers("answer").at(1);
    CHECK(has(offline, R"("online":false)"));
    CHECK(has(offline, R"("reason":"going_away")"));
    CHECK(has(offline, R"("model":"L1")"));
    fleet.send("dm/queries", R"({"query":"device","device":"d-2"})");
    CHECK(has(fleet.answers("answer").at(2), R"("not_found")"));
}

TEST_CASE("a store that is silent is answered for after two seconds") {
    Fleet fleet;
    fleet.hold_store();
    fleet.send("dm/queries", R"({"query":"devices"})");
    fleet.pass(1900ms);
    CHECK(fleet.answers("answer").empty());
    fleet.pass(100ms);
    REQUIRE(fleet.answers("answer").size() == 1);
    CHECK(has(fleet.answers("answer")[0], R"("unavailable")"));
}

TEST_CASE(
    "a message for a group goes to its sessions, shard by shard, and is answered when handed "
    "out") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.connect("d-3", {1, 3}, {});
    fleet.send("dm/broadcast/night", R"({"data":{"x": 1}})");
    const auto deliveries = fleet.take_deliveries();
    REQUIRE(deliveries.size() == 2);
    CHECK(deliveries[0].first == 0);
    CHECK(deliveries[0].second.sessions == std::vector<std::uint64_t>{1});
    CHECK(deliveries[0].second.message->group == "night");
    CHECK(deliveries[0].second.message->data == R"({"x": 1})");
    CHECK(deliveries[1].second.sessions == std::vector<std::uint64_t>{2});
    fleet.relay().delivered({deliveries[0].second.number, 1});
    fleet.run();
    CHECK(fleet.answers("broadcast").empty());
    fleet.relay().delivered({deliveries[1].second.number, 0});
    fleet.run();
    REQUIRE(fleet.answers("broadcast").size() == 1);
    CHECK(has(fleet.answers("broadcast")[0], R"("state":"sent")"));
    CHECK(has(fleet.answers("broadcast")[0], R"("addressed":2,"sent":1)"));
    fleet.send("dm/broadcast/all", R"({"data":1})");
    CHECK(fleet.take_deliveries().at(1).second.sessions.size() == 2);
}

TEST_CASE("a group that nobody knows is refused, one without members is not") {
    Fleet fleet;
    fleet.send("dm/broadcast/nobody", R"({"data":1})");
    fleet.send("dm/broadcast/nobody", R"({"id":"n","command":"dim"})");
    REQUIRE(fleet.answers("rejection").size() == 2);
    CHECK(has(fleet.answers("rejection")[1], R"("unknown_group")"));
    CHECK(has(fleet.answers("rejection")[1], R"("id":"n","device":null)"));
    fleet.send("dm/broadcast/empty", R"({"data":1})");
    fleet.send("dm/broadcast/all", R"({"id":"n","command":"dim"})");
    const auto answers = fleet.answers("broadcast");
    REQUIRE(answers.size() == 3);
    CHECK(has(answers[0], R"("addressed":0,"sent":0)"));
    CHECK(has(answers[1], R"("addressed":0,"part":1,"parts":1,"devices":[])"));
    CHECK(has(answers[2], R"("addressed":0,"accepted":0,"rejected":0)"));
}

TEST_CASE("a command for a group is one for each device, told before and after they are stored") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.connect("d-3", {1, 3}, {});
    fleet.hold_store();
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim","args":{"to":3}})");
    REQUIRE(fleet.answers("broadcast").size() == 1);
    CHECK(has(fleet.answers("broadcast")[0], R"("state":"addressed")"));
    CHECK(has(fleet.answers("broadcast")[0], R"("devices":["d-1","d-2"])"));
    CHECK(fleet.sent_ids().empty());
    fleet.release_store();
    REQUIRE(fleet.answers("broadcast").size() == 2);
    CHECK(has(fleet.answers("broadcast")[1], R"("state":"accepted")"));
    CHECK(has(fleet.answers("broadcast")[1], R"("addressed":2,"accepted":2,"rejected":0)"));
    CHECK(fleet.sent_ids() == std::vector<std::string>{"n.d-1", "n.d-2"});
    fleet.frame("d-1", kFirst, proto::Reply{"n.d-1", "ok", {}, {}, {}});
    REQUIRE(fleet.answers("terminal").size() == 1);
    CHECK(has(fleet.answers("terminal")[0], R"("id":"n.d-1")"));
}

TEST_CASE("a device that has gone is no member any more") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.report(kSecond, device_id("d-2"), core::SessionClosed{proto::CloseCode::normal, ""});
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim"})");
    CHECK(fleet.sent_ids() == std::vector<std::string>{"n.d-1"});
    CHECK(has(fleet.answers("broadcast").back(), R"("addressed":1,"accepted":1,"rejected":0)"));
}

TEST_CASE("a broadcast that comes again executes nothing twice and reaches who came since") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim"})");
    CHECK(fleet.sent_ids() == std::vector<std::string>{"n.d-1"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim"})");
    CHECK(fleet.sent_ids() == std::vector<std::string>{"n.d-2"});
    CHECK(has(fleet.answers("broadcast").back(), R"("addressed":2,"accepted":2,"rejected":0)"));
}

TEST_CASE("commands of a broadcast that are rejected are counted and told one by one") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.send("dm/commands/d-1", R"({"id":"n.d-1","command":"other"})", std::nullopt);
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim"})");
    CHECK(has(fleet.answers("broadcast").back(), R"("addressed":2,"accepted":1,"rejected":1)"));
    REQUIRE(fleet.answers("rejection").size() == 1);
    CHECK(has(fleet.answers("rejection")[0], R"("id":"n.d-1")"));
    CHECK(has(fleet.answers("rejection")[0], R"("id_conflict")"));
}

TEST_CASE(
    "a broadcast whose node dies in between: what was stored goes on, the rest by repeating") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {"night"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.hold_store();
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim"})");
    fleet.complete(3);  // both were looked up, one is stored
    fleet.kill();
    fleet.release_store();
    fleet.start();
    CHECK(fleet.answers("broadcast").size() == 1);  // never said to be accepted
    fleet.connect("d-1", kFirst, {"night"});
    fleet.connect("d-2", kSecond, {"night"});
    fleet.sent_ids();
    fleet.send("dm/broadcast/night", R"({"id":"n","command":"dim"})");
    fleet.sent_ids();
    CHECK(has(fleet.answers("broadcast").back(), R"("addressed":2,"accepted":2,"rejected":0)"));
}

TEST_CASE("commands for very many devices with very long args are too much") {
    Fleet fleet;
    for (std::uint64_t i = 0; i < 5000; ++i) {
        fleet.connect("d-" + std::to_string(i), {0, i + 1}, {});
    }
    fleet.send("dm/broadcast/all",
               R"({"id":"n","command":"dim","args":{"x":")" + std::string(60'000, 'x') + R"("}})");
    REQUIRE(fleet.answers("rejection").size() == 1);
    CHECK(has(fleet.answers("rejection")[0], R"("too_large")"));
    fleet.send("dm/broadcast/all", R"({"id":"n","command":"dim"})");
    const auto answers = fleet.answers("broadcast");
    REQUIRE(answers.size() == 7);  // 5,000 devices in parts of 900, and the end
    CHECK(has(answers[5], R"("addressed":5000,"part":6,"parts":6)"));
    CHECK(has(answers[6], R"("addressed":5000,"accepted":5000)"));
}

TEST_CASE("a stream reaches the sessions that subscribed, until they unsubscribe or end") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {});
    fleet.connect("d-2", kSecond, {});
    fleet.frame("d-1", kFirst, subscribe(false, "news"));
    fleet.send("dm/streams/public/news", R"({"data":1})", std::nullopt);
    auto deliveries = fleet.take_deliveries();
    REQUIRE(deliveries.size() == 1);
    CHECK(deliveries[0].second.number == 0);
    CHECK(deliveries[0].second.message->stream == "public.news");
    CHECK(deliveries[0].second.sessions == std::vector<std::uint64_t>{1});
    fleet.frame("d-1", kFirst, proto::Unsubscribe{{{false, proto::Name::parse("news").value()}}});
    fleet.frame("d-2", kSecond, subscribe(false, "news"));
    fleet.report(kSecond, device_id("d-2"), core::SessionClosed{proto::CloseCode::normal, ""});
    fleet.send("dm/streams/public/news", R"({"data":1})", std::nullopt);
    CHECK(fleet.take_deliveries().empty());
}

TEST_CASE("a private stream reaches its user's session only") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {});
    fleet.connect("d-2", kSecond, {});
    fleet.frame("d-1", kFirst, subscribe(true, "notices"));
    fleet.frame("d-2", kSecond, subscribe(true, "notices"));
    fleet.send("dm/streams/private/d-2/notices", R"({"data":1})", std::nullopt);
    const auto deliveries = fleet.take_deliveries();
    REQUIRE(deliveries.size() == 1);
    CHECK(deliveries[0].first == kSecond.shard);
    CHECK(deliveries[0].second.message->stream == "private.notices");
    fleet.send("dm/streams/private/d-3/notices", R"({"data":1})", std::nullopt);
    CHECK(fleet.take_deliveries().empty());
}

TEST_CASE("a session that subscribes to too much is told") {
    Fleet fleet;
    fleet.connect("d-1", kFirst, {});
    for (int i = 0; i < 64; ++i) {
        fleet.frame("d-1", kFirst, subscribe(false, "s" + std::to_string(i)));
    }
    CHECK(fleet.orders<core::RefuseFrame>().empty());
    fleet.frame("d-1", kFirst, subscribe(false, "more"));
    const auto refused = fleet.orders<core::RefuseFrame>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].first == kFirst);
    CHECK(refused[0].second.error.code == proto::FrameError::not_allowed);
    CHECK(has(refused[0].second.error.message, "more is beyond the 64 subscriptions"));
}
