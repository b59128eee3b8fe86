#include "device-mgmt/broker/mqtt_broker.hpp"
#include "tests/broker/mosquitto_process.hpp"
#include "tests/broker/recorder.hpp"
#include "tests/broker/wire.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::broker::BrokerSettings;
using dm::broker::make_mqtt_broker;
using dm::broker::OutboundMessage;
using dm::broker::PublishResult;
using dm::test::MosquittoProcess;
using dm::test::Recorder;

namespace {

BrokerSettings durable(const std::string& url, const std::string& client_id) {
    BrokerSettings settings;
    settings.url = url;
    settings.client_id = client_id;
    settings.session_expiry = 300s;
    settings.backoff_max = 500ms;
    settings.subscriptions = {{"$share/device-mgmt/dm/commands/+"}};
    return settings;
}

OutboundMessage command(const std::string& payload) {
    OutboundMessage message;
    message.topic = "dm/commands/d-1";
    message.payload = payload;
    message.qos = 1;
    return message;
}

}  // namespace

TEST_CASE("CONNECT carries the session expiry, no clean start and the will on the wire") {
    const dm::test::WireTap tap;
    auto settings = durable("mqtt://127.0.0.1:" + std::to_string(tap.port()), "wire");
    settings.session_expiry = 604800s;
    settings.will = dm::broker::Will{"dm/nodes/n-1", "gone", 1, true};
    settings.username = "user";
    settings.password = "secret";
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings);
    broker->start(recorder);
    const std::string packet = tap.first_packet();
    broker->stop(0ms);
    REQUIRE(packet.size() > 14);
    CHECK(packet[0] == '\x10');
    // Length (1 byte), protocol name, version 5, flags: user, password, will retain, will QoS 1,
    // will, no clean start.
    CHECK(packet.substr(2, 7) == std::string("\0\4MQTT\5", 7));
    CHECK(packet[9] == '\xec');
    // Property 0x11, 604800 = 0x00093A80 (MQTT 5.0 section 3.1.2.11.2).
    CHECK(packet.find(std::string("\x11\x00\x09\x3a\x80", 5)) == 13);
    CHECK(packet.find(std::string("\0\14dm/nodes/n-1\0\4gone", 20)) != std::string::npos);
}

TEST_CASE("the session outlives a disconnect and hands over what came meanwhile") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder first;
    auto node = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    node->start(first);
    REQUIRE(first.wait_connected());
    CHECK_FALSE(first.seen().connects.front());
    node->stop(1s);

    Recorder operator_side;
    auto settings = durable(mosquitto.url(), "operator");
    settings.subscriptions.clear();
    const auto publisher = make_mqtt_broker(settings);
    publisher->start(operator_side);
    REQUIRE(operator_side.wait_connected());
    publisher->publish(command("while away"), 1);
    REQUIRE(operator_side.wait([](const auto& seen) { return seen.settled() == 1; }));

    Recorder second;
    node = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    node->start(second);
    REQUIRE(second.wait_connected());
    CHECK(second.seen().connects.front());
    REQUIRE(second.wait_messages(1));
    CHECK(second.seen().messages.front().payload == "while away");
    node->stop(1s);
    publisher->stop(1s);
}

TEST_CASE("a session that is given up takes nothing more, and nothing of it stays at the broker") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder leaving_seen;
    auto leaving = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    leaving->start(leaving_seen);
    REQUIRE(leaving_seen.wait_connected());
    leaving->publish(command("before"), 1);
    REQUIRE(leaving_seen.wait_messages(1));
    leaving->leave();
    // Behind the UNSUBSCRIBE on the same connection: nobody is subscribed any more.
    leaving->publish(command("after"), 2);
    REQUIRE(leaving_seen.wait([](const auto& seen) { return seen.settled() == 2; }));
    leaving->stop(1s);
    CHECK(leaving_seen.seen().messages.size() == 1);

    Recorder again_seen;
    const auto again = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    again->start(again_seen);
    REQUIRE(again_seen.wait_connected());
    CHECK_FALSE(again_seen.seen().connects.front());
    again->stop(1s);
}

TEST_CASE("after a broker was killed and came back the subscriptions are there again") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder recorder;
    const auto broker = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    broker->start(recorder);
    REQUIRE(recorder.wait_connected());
    for (std::size_t round = 1; round <= 3; ++round) {
        mosquitto.kill();
        REQUIRE(
            recorder.wait([round](const auto& seen) { return seen.disconnects.size() >= round; }));
        mosquitto.start();
        REQUIRE(recorder.wait_connected(round + 1));
        CHECK_FALSE(recorder.seen().connects.back());
        CHECK(broker->publish(command("round"), round));
        REQUIRE(recorder.wait_messages(round));
    }
    broker->stop(1s);
}

TEST_CASE(
    "while it is paused the broker keeps what comes, and hands it over afterwards, in order") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder publisher_seen;
    auto publishing = durable(mosquitto.url(), "publisher");
    publishing.subscriptions = {};
    const auto publisher = make_mqtt_broker(publishing);
    publisher->start(publisher_seen);
    Recorder recorder;
    const auto node = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    node->start(recorder);
    REQUIRE(publisher_seen.wait_connected());
    REQUIRE(recorder.wait_connected());

    node->pause("the disk is full");
    REQUIRE(recorder.wait([](const auto& seen) { return seen.disconnects.size() == 1; }));
    CHECK(recorder.seen().disconnects.back() == "the disk is full");
    CHECK_FALSE(node->connected());
    CHECK_FALSE(node->publish(command("not now"), 100));
    for (std::uint64_t i = 0; i < 20; ++i) {
        CHECK(publisher->publish(command(std::to_string(i)), i + 1));
    }
    REQUIRE(publisher_seen.wait([](const auto& seen) { return seen.settled() == 20; }));
    CHECK(publisher_seen.seen().count(PublishResult::acknowledged) == 20);
    CHECK(recorder.seen().messages.empty());

    node->resume();
    REQUIRE(recorder.wait_connected(2));
    CHECK(recorder.seen().connects.back());  // its session was kept
    REQUIRE(recorder.wait_messages(20));
    const auto seen = recorder.seen();
    for (std::size_t i = 0; i < 20; ++i) {
        CHECK(seen.messages[i].payload == std::to_string(i));
    }
    CHECK(seen.disconnects.size() == 1);
    node->stop(1s);
    publisher->stop(1s);
}

TEST_CASE("a pause of a broker that is not there ends with its resume") {
    MosquittoProcess mosquitto;
    Recorder recorder;
    const auto node = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    node->pause("not yet");
    node->start(recorder);
    mosquitto.start();
    node->resume();
    REQUIRE(recorder.wait_connected());
    node->stop(1s);
}

TEST_CASE("a stop does not publish the will") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder watcher_seen;
    auto watching = durable(mosquitto.url(), "watcher");
    watching.subscriptions = {{"dm/#"}};
    const auto watcher = make_mqtt_broker(watching);
    watcher->start(watcher_seen);
    REQUIRE(watcher_seen.wait_connected());

    auto settings = durable(mosquitto.url(), "node-1");
    settings.will = dm::broker::Will{"dm/nodes/n-1", "gone", 1, true};
    Recorder recorder;
    const auto node = make_mqtt_broker(settings);
    node->start(recorder);
    REQUIRE(recorder.wait_connected());
    node->stop(1s);

    watcher->publish(command("after it"), 0);
    REQUIRE(watcher_seen.wait_messages(1));
    watcher->stop(0ms);
    CHECK(watcher_seen.seen().messages.size() == 1);
    CHECK(watcher_seen.seen().messages.front().payload == "after it");
}

TEST_CASE("whoever is replaced by its own client id hears of it") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder first;
    const auto replaced = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    replaced->start(first);
    REQUIRE(first.wait_connected());
    Recorder second;
    const auto replacing = make_mqtt_broker(durable(mosquitto.url(), "node-1"));
    replacing->start(second);
    REQUIRE(second.wait_connected());
    REQUIRE(first.wait([](const auto& seen) { return !seen.disconnects.empty(); }));
    // Mosquitto names the reason (0x8E) in a DISCONNECT of one byte, which Paho cannot read.
    CHECK(first.seen().disconnects.front().find("connection lost") == 0);
    replaced->stop(0ms);
    replacing->stop(0ms);
}
