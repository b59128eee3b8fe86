#include "tests/support/scripted_directory.hpp"
#include "tests/unit/relay/relay_node.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using namespace std::chrono_literals;
using core::SessionRef;
using test::device_id;
using test::kFirst;
using test::kSecond;
using test::says;

core::Command queued(core::Moment now, const std::string& id) {
    return {{device_id("d-1"), id},
            {"reboot", "{}", 30s, 60s},
            proto::Delivery::at_least_once,
            false,
            {},
            std::nullopt,
            std::nullopt,
            1,
            now,
            {now.mono + 60s, now.wall + 60s},
            std::nullopt};
}

/// One of several nodes; the others are n2 and n3.
struct Fleet {
    test::ScriptedDirectory directory;
    test::Node node{&directory};
    proto::DeviceId device = device_id("d-1");

    Fleet() {
        directory.post = [this](std::function<void()> what) { node.post(std::move(what)); };
    }

    void word(const std::string& word, std::uint64_t epoch) {
        broker::InboundMessage message;
        message.topic = "dm/internal/n1/" + word;
        message.payload =
            R"({"device":"d-1","epoch":)" + std::to_string(epoch) + R"(,"node":"n2"})";
        node.broker().deliver(std::move(message));
        node.run();
    }

    std::vector<proto::CloseCode> closed(SessionRef session) {
        std::vector<proto::CloseCode> codes;
        for (const auto& [to, close] : node.orders<core::CloseSession>()) {
            if (to == session) {
                codes.push_back(close.code);
            }
        }
        return codes;
    }
};

}  // namespace

TEST_CASE("a session has the epoch of the directory, and sends what the last owner left") {
    Fleet fleet;
    core::Command sent = queued(fleet.node.clock().now(), "c-1");
    sent.attempts = 1;
    sent.state = proto::CommandState::sent;
    sent.reply_by = {sent.accepted_at.mono + 30s, sent.accepted_at.wall + 30s};
    fleet.directory.left[fleet.device] = {sent, queued(fleet.node.clock().now(), "c-2")};
    fleet.node.open(kFirst);
    const auto welcomes = fleet.node.orders<core::Welcome>();
    REQUIRE(welcomes.size() == 1);
    CHECK(welcomes[0].second.epoch == 1001);
    REQUIRE_FALSE(fleet.node.on("dm/presence/d-1").empty());
    CHECK(says(fleet.node.on("dm/presence/d-1").back(), R"("epoch":1001)"));
    fleet.node.reply(kFirst, "c-2");
    fleet.node.reply(kFirst, "c-1");
    CHECK(fleet.node.on("dm/replies/d-1").size() == 2);
}

TEST_CASE("a command that had left with another node is sent again, with the next attempt") {
    Fleet fleet;
    core::Command sent = queued(fleet.node.clock().now(), "c-1");
    sent.attempts = 1;
    sent.reply_by = {sent.accepted_at.mono + 30s, sent.accepted_at.wall + 30s};
    fleet.directory.left[fleet.device] = {sent};
    fleet.node.open(kFirst);
    const auto frames = fleet.node.confirm_sendings();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].frame.attempt == 2);
}

TEST_CASE("what a session says before the directory has answered counts") {
    Fleet fleet;
    fleet.directory.holds = true;
    fleet.node.open(kFirst);
    fleet.node.report(kFirst, core::ForwardedFrame{proto::Hello{"m-1", "1.0", {}}});
    CHECK(fleet.node.orders<core::Welcome>().empty());
    fleet.directory.answer();
    fleet.node.run();
    CHECK(fleet.node.orders<core::Welcome>().size() == 1);
    CHECK(says(fleet.node.on("dm/presence/d-1").back(), R"("model":"m-1")"));
}

TEST_CASE("a session that ends before the directory has answered ends after it") {
    Fleet fleet;
    fleet.directory.holds = true;
    fleet.node.open(kFirst);
    fleet.node.report(kFirst, core::SessionClosed{proto::CloseCode::abnormal, ""});
    fleet.directory.answer();
    fleet.node.run();
    CHECK(says(fleet.node.on("dm/presence/d-1").back(), R"("online":false)"));
}

TEST_CASE("a session that the directory does not answer is told to come back") {
    Fleet fleet;
    fleet.directory.holds = true;
    fleet.node.open(kFirst);
    fleet.node.pass(9s);
    CHECK(fleet.closed(kFirst).empty());
    fleet.node.pass(1s);
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::overloaded});
}

TEST_CASE("a session whose device cannot be had now is told to come back") {
    Fleet fleet;
    fleet.directory.away = true;
    fleet.node.open(kFirst);
    const auto closes = fleet.node.orders<core::CloseSession>();
    REQUIRE(closes.size() == 1);
    CHECK(closes[0].second.code == proto::CloseCode::overloaded);
    CHECK(closes[0].second.retry_after >= 1000ms);
    CHECK(fleet.node.on("dm/presence/d-1").empty());
}

TEST_CASE("what a session says beyond the bound before it has its device ends it") {
    Fleet fleet;
    fleet.directory.holds = true;
    fleet.node.open(kFirst);
    for (std::size_t i = 0; i <= Claims::kMaxHeld; ++i) {
        CHECK(fleet.closed(kFirst).empty());
        fleet.node.report(
            kFirst,
            core::ForwardedFrame{proto::Reply{"c-1", "ok", {}, std::nullopt, std::nullopt}});
    }
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::overloaded});
}

TEST_CASE("what this node held of a device that it adopts from another is void") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.publish(R"({"id":"c-1","command":"x","timeout_s":300})");
    REQUIRE(fleet.node.confirm_sendings().size() == 1);
    fleet.directory.orphans.push_back({fleet.device, {queued(fleet.node.clock().now(), "c-2")}});
    fleet.node.pass(2s);
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::replaced});
    fleet.node.pass(60s);
    const auto replies = fleet.node.on("dm/replies/d-1");
    REQUIRE(replies.size() == 1);
    CHECK(says(replies[0], R"("id":"c-2")"));
}

TEST_CASE("who owned the device is told, whoever had its last session") {
    Fleet fleet;
    fleet.directory.previous[fleet.device] = {"n2", 900, "10.0.0.2:1", true};
    fleet.directory.owner_before = "n3";
    fleet.node.open(kFirst);
    CHECK(fleet.node.on("dm/internal/n2/taken").size() == 1);
    CHECK(fleet.node.on("dm/internal/n3/taken").size() == 1);
}

TEST_CASE("a duel of the whole fleet turns the newcomer away") {
    Fleet fleet;
    fleet.directory.duel = store::Duel{2000ms, {"n2", 7, "10.0.0.2:1"}};
    fleet.node.open(kFirst);
    const auto closes = fleet.node.orders<core::CloseSession>();
    REQUIRE(closes.size() == 1);
    CHECK(closes[0].second.code == proto::CloseCode::overloaded);
    CHECK(closes[0].second.retry_after == 2000ms);
    CHECK(fleet.node.on("dm/presence/d-1").empty());
}

TEST_CASE("the node that had the device is told, and presence again when it is done") {
    Fleet fleet;
    fleet.directory.previous[fleet.device] = {"n2", 900, "10.0.0.2:1", false};
    fleet.node.open(kFirst);
    const auto told = fleet.node.on("dm/internal/n2/taken");
    REQUIRE(told.size() == 1);
    CHECK(says(told[0], R"("epoch":1001)"));
    CHECK(says(told[0], R"("node":"n1")"));
    const auto before = fleet.node.on("dm/presence/d-1").size();
    fleet.word("released", 1000);  // of an earlier session
    CHECK(fleet.node.on("dm/presence/d-1").size() == before);
    fleet.word("released", 1001);
    CHECK(fleet.node.on("dm/presence/d-1").size() == before + 1);
}

TEST_CASE("a session whose device another node has taken is closed, and nothing more told of it") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.publish(R"({"id":"c-1","command":"x","timeout_s":5})");
    REQUIRE(fleet.node.confirm_sendings().size() == 1);
    const auto presences = fleet.node.on("dm/presence/d-1").size();
    fleet.directory.take(fleet.device, "n2");
    fleet.word("taken", 2000);
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::replaced});
    REQUIRE(fleet.node.on("dm/internal/n2/released").size() == 1);
    CHECK(says(fleet.node.on("dm/internal/n2/released")[0], R"("epoch":2000)"));
    fleet.node.reply(kFirst, "c-1");
    fleet.node.report(kFirst, core::SessionClosed{proto::CloseCode::replaced, ""});
    fleet.node.pass(30s);
    CHECK(fleet.node.on("dm/presence/d-1").size() == presences);
    CHECK(fleet.node.on("dm/replies/d-1").empty());
}

TEST_CASE("a device may be taken before this node knows that it had it") {
    Fleet fleet;
    fleet.directory.holds = true;
    fleet.node.open(kFirst);
    fleet.directory.take(fleet.device, "n2");
    fleet.word("taken", 2000);
    CHECK(fleet.node.on("dm/internal/n2/released").empty());
    fleet.directory.answer();
    fleet.node.run();
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::replaced});
    CHECK(fleet.node.on("dm/internal/n2/released").size() == 1);
}

TEST_CASE("a session that ends while another node has its device says nothing") {
    Fleet fleet;
    fleet.node.open(kFirst);
    const auto presences = fleet.node.on("dm/presence/d-1").size();
    fleet.directory.take(fleet.device, "n2");
    fleet.node.report(kFirst, core::SessionClosed{proto::CloseCode::abnormal, ""});
    CHECK(fleet.node.on("dm/presence/d-1").size() == presences);
}

TEST_CASE("a device that was let go while it was idle is asked for with its next session") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.report(kFirst, core::SessionClosed{proto::CloseCode::normal, ""});
    for (int tick = 0; tick < 100; ++tick) {  // a round of verifications
        fleet.node.pass(250ms);
    }
    fleet.directory.left[fleet.device] = {queued(fleet.node.clock().now(), "c-1")};
    SUBCASE("and is still ours") {
        fleet.node.open(kSecond);
        CHECK(fleet.node.confirm_sendings().size() == 1);
        CHECK(fleet.closed(kSecond).empty());
    }
    SUBCASE("and is another's by the second answer") {
        fleet.directory.taken_after_attach = "n2";
        fleet.node.open(kSecond);
        CHECK(fleet.closed(kSecond) == std::vector{proto::CloseCode::overloaded});
        CHECK(fleet.node.confirm_sendings().empty());
    }
}

TEST_CASE("of two sessions of this node the later one has the device") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.open(kSecond);
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::replaced});
    CHECK(fleet.closed(kSecond).empty());
    const auto welcomes = fleet.node.orders<core::Welcome>();
    REQUIRE(welcomes.size() == 2);
    CHECK(welcomes[1].second.epoch > welcomes[0].second.epoch);
}

TEST_CASE("a command for another node's device goes there as it came, with an id") {
    Fleet fleet;
    fleet.directory.elsewhere[fleet.device] = "n3";
    fleet.node.publish(R"({"command":"x","args":{"a": 1},"ttl_s":0})", "answers/1");
    const auto handed = fleet.node.on("dm/internal/n3/commands/d-1");
    REQUIRE(handed.size() == 1);
    CHECK(says(handed[0], R"("args":{"a": 1})"));
    CHECK(says(handed[0], R"("ttl_s":0)"));
    CHECK(says(handed[0], R"("id":")"));
    CHECK(handed[0].response_topic == "answers/1");
    CHECK(fleet.node.on("answers/1").empty());
    CHECK(fleet.node.store().durable_lsn() == 1);
}

TEST_CASE("a cancel for another node's device goes there") {
    Fleet fleet;
    fleet.directory.elsewhere[fleet.device] = "n3";
    fleet.node.cancel("c-1");
    const auto handed = fleet.node.on("dm/internal/n3/cancel/d-1");
    REQUIRE(handed.size() == 1);
    CHECK(handed[0].payload == R"({"id":"c-1"})");
}

TEST_CASE("a command that was handed over is answered where its publisher wants it") {
    Fleet fleet;
    fleet.node.open(kFirst);
    broker::InboundMessage message;
    message.topic = "dm/internal/n1/commands/d-1";
    message.payload = R"({"id":"c-1","command":"x"})";
    message.response_topic = "answers/1";
    fleet.node.broker().deliver(std::move(message));
    fleet.node.run();
    REQUIRE(fleet.node.confirm_sendings().size() == 1);
    fleet.node.reply(kFirst, "c-1");
    CHECK(fleet.node.on("answers/1").size() == 1);
}

TEST_CASE("a command whose storing is refused goes to who owns the device now") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.hold_store();
    fleet.node.publish(R"({"id":"c-1","command":"x"})");
    fleet.node.complete(1);  // that no finished one is there
    fleet.directory.take(fleet.device, "n2");
    fleet.directory.refuse_write(fleet.device);
    fleet.node.run();
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::replaced});
    fleet.node.release_store();
    CHECK(fleet.node.on("dm/internal/n2/commands/d-1").size() == 1);
    CHECK(fleet.node.on("dm/status/d-1").empty());
}

TEST_CASE("a command waits for the one that it is to come after, if that may be at another node") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.publish(R"({"id":"c-3","command":"x","after":"c-2"})");
    fleet.node.publish(R"({"id":"c-2","command":"x","after":"c-1"})");
    CHECK(fleet.node.confirm_sendings().empty());
    fleet.node.publish(R"({"id":"c-1","command":"x"})");
    const auto sent = fleet.node.confirm_sendings();
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].frame.id == "c-1");
    CHECK(sent[1].frame.id == "c-2");
    CHECK(sent[2].frame.id == "c-3");
}

TEST_CASE("one that is to come after none is rejected in the end") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.publish(R"({"id":"c-2","command":"x","after":"c-1"})");
    CHECK(fleet.node.on("dm/replies/d-1").empty());
    fleet.node.pass(2s);
    REQUIRE(fleet.node.on("dm/replies/d-1").size() == 1);
    CHECK(says(fleet.node.on("dm/replies/d-1")[0], R"("code":"bad_request")"));
}

TEST_CASE("while nobody knows whose the devices are nothing is sent") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.directory.lease(store::Lease::doubtful);
    fleet.node.run();
    CHECK(fleet.node.health().shared_store_away);
    fleet.node.publish(R"({"id":"c-1","command":"x"})");
    CHECK(fleet.node.confirm_sendings().empty());
    fleet.node.report({0, 9}, device_id("d-9"), core::SessionOpened{"127.0.0.1:9", {}});
    CHECK(fleet.closed({0, 9}) == std::vector{proto::CloseCode::overloaded});
    fleet.directory.lease(store::Lease::held);
    fleet.node.run();
    CHECK(fleet.node.confirm_sendings().size() == 1);
    CHECK_FALSE(fleet.node.health().shared_store_away);
}

TEST_CASE("a node that hung for longer than its lease sends nothing, before anybody tells it") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.directory.trusted = fleet.node.clock().now().mono + 7s;
    fleet.node.pass(250ms);
    fleet.node.clock().advance(8s);
    fleet.node.publish(R"({"id":"c-1","command":"x"})");
    CHECK(fleet.node.confirm_sendings().empty());
    fleet.directory.trusted = fleet.node.clock().now().mono + 7s;
    fleet.node.pass(250ms);
    CHECK(fleet.node.confirm_sendings().size() == 1);
}

TEST_CASE("after a lapse sessions go on, but for those whose devices others have") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.node.report(kSecond, device_id("d-2"), core::SessionOpened{"127.0.0.1:9", {}});
    fleet.directory.lease(store::Lease::doubtful);
    fleet.directory.take(fleet.device, "n2");
    fleet.directory.lease(store::Lease::lapsed);
    fleet.node.run();
    CHECK(fleet.closed(kFirst) == std::vector{proto::CloseCode::owned_elsewhere});
    CHECK(fleet.closed(kSecond).empty());
    CHECK_FALSE(fleet.node.health().shared_store_away);
}

TEST_CASE("a node that is without the directory for a minute lets its sessions go elsewhere") {
    Fleet fleet;
    fleet.node.open(kFirst);
    fleet.directory.lease(store::Lease::doubtful);
    fleet.node.run();
    fleet.node.pass(1s);
    fleet.node.pass(59s);
    CHECK(fleet.closed(kFirst).empty());
    for (int tick = 0; tick < 40; ++tick) {
        fleet.node.pass(250ms);
    }
    REQUIRE_FALSE(fleet.closed(kFirst).empty());
    CHECK(fleet.closed(kFirst).front() == proto::CloseCode::drain);
}

TEST_CASE("what a dead node has left is taken over") {
    Fleet fleet;
    fleet.node.store().save_device(
        {fleet.device, true, 900, "n2", {}, "connected", {}, {}, {}, {}, {}, {}});
    fleet.directory.orphans.push_back({fleet.device,
                                       {queued(fleet.node.clock().now(), "c-1")},
                                       store::PreviousSession{"n2", 900, "10.0.0.2:1", false}});
    fleet.node.pass(2s);
    const auto presences = fleet.node.on("dm/presence/d-1");
    REQUIRE(presences.size() == 1);
    CHECK(says(presences[0], R"("online":false)"));
    CHECK(says(presences[0], R"("reason":"node_stopped")"));
    fleet.node.pass(60s);
    const auto replies = fleet.node.on("dm/replies/d-1");
    REQUIRE(replies.size() == 1);
    CHECK(says(replies[0], R"("state":"expired")"));
}

}  // namespace dm::relay
