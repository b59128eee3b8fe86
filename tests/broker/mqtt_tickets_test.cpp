#include "device-mgmt/broker/mqtt_broker.hpp"
#include "device-mgmt/broker/paho_connection.hpp"
#include "device-mgmt/broker/paho_register.hpp"
#include "tests/broker/mosquitto_process.hpp"
#include "tests/broker/recorder.hpp"
#include "tests/broker/wire.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <MQTTAsync.h>
#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::broker::BrokerSettings;
using dm::broker::Held;
using dm::broker::make_mqtt_broker;
using dm::broker::OutboundMessage;
using dm::broker::paho_second_frees;
using dm::broker::PahoConnection;
using dm::broker::PublishResult;
using dm::test::MosquittoProcess;
using dm::test::Recorder;
using dm::test::WireTap;

namespace {

BrokerSettings settings_for(const std::string& url) {
    BrokerSettings settings;
    settings.url = url;
    settings.client_id = "tickets";
    settings.session_expiry = 300s;
    settings.backoff_max = 500ms;
    return settings;
}

OutboundMessage reply() {
    OutboundMessage message;
    message.topic = "dm/replies/d-1";
    message.payload = std::string(300, 'x');
    message.qos = 1;
    return message;
}

std::atomic<int> partial_writes{0};

/// Counts what Paho's trace tells of sockets that were full. From now on, for the whole process.
void count_partial_writes() {
    partial_writes = 0;
    MQTTAsync_setTraceCallback([](MQTTASYNC_TRACE_LEVELS /*level*/, char* line) {
        const bool partial = std::string_view{line}.find("Partial write") != std::string_view::npos;
        partial_writes += partial ? 1 : 0;
    });
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_MINIMUM);
}

/// A broker that runs and our connection to it.
struct Connected {
    Connected() {
        mosquitto.start();
        broker = make_mqtt_broker(settings_for(mosquitto.url()));
        broker->start(recorder);
        REQUIRE(recorder.wait_connected());
    }

    MosquittoProcess mosquitto;
    Recorder recorder;
    std::unique_ptr<dm::broker::Broker> broker;
};

/// Returns when the queue has been full for so long that nothing leaves it any more.
void fill(dm::broker::Broker& broker, const OutboundMessage& unimportant) {
    constexpr auto kStill = 300ms;
    auto moved = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - moved < kStill) {
        if (broker.publish(unimportant, 0)) {
            moved = std::chrono::steady_clock::now();
        }
        std::this_thread::yield();
    }
}

bool each_once(const Recorder::Seen& seen) {
    return std::all_of(seen.outcomes.begin(), seen.outcomes.end(), [](const auto& entry) {
        return entry.second.size() == 1;
    });
}

}  // namespace

TEST_CASE("every ticket has exactly one outcome when the broker is killed under load") {
    Connected node;
    auto& [mosquitto, recorder, broker] = node;
    constexpr std::uint64_t kMessages = 2000;
    for (std::uint64_t ticket = 1; ticket <= kMessages; ++ticket) {
        broker->publish(reply(), ticket);
    }
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() >= 200; }));
    mosquitto.kill();
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == kMessages; }));
    CHECK(recorder.seen().count(PublishResult::failed) > 0);
    mosquitto.start();
    REQUIRE(recorder.wait_connected(2));
    // What is published now goes out once: Paho sends nothing of the lost connection.
    broker->publish(reply(), kMessages + 1);
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == kMessages + 1; }));
    broker->stop(1s);
    CHECK(each_once(recorder.seen()));
    CHECK(recorder.seen().outcomes.at(kMessages + 1).front() == PublishResult::acknowledged);
}

TEST_CASE("a publish whose write failed is not freed twice") {
    constexpr std::uint64_t kMessages = 400;
    constexpr int kMaxRounds = 60;
    const WireTap peer;
    Recorder recorder;
    const std::uint64_t before = paho_second_frees();
    auto settings = settings_for("mqtt://127.0.0.1:" + std::to_string(peer.port()));
    settings.backoff_max = 20ms;
    const auto broker = make_mqtt_broker(std::move(settings));
    broker->start(recorder);
    // A write fails only if the reset comes before Paho has read of it: not in every round.
    std::uint64_t ticket = 0;
    for (int round = 1; round <= kMaxRounds && PahoConnection::kept() < 3; ++round) {
        std::thread resets([&peer] { peer.reset_after(30'000); });
        REQUIRE(recorder.wait_connected(static_cast<std::size_t>(round)));
        for (std::uint64_t i = 0; i < kMessages; ++i) {
            broker->publish(reply(), ++ticket);
        }
        resets.join();
        REQUIRE(recorder.wait([&](const auto& seen) { return seen.settled() == ticket; }));
    }
    CHECK(PahoConnection::kept() >= 3);
    broker->stop(0ms);
    CHECK(paho_second_frees() == before);
}

TEST_CASE("what is published while the broker is held leaves at the last release") {
    Connected node;
    auto& [mosquitto, recorder, broker] = node;
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t ticket = 1; ticket <= 50; ++ticket) {
        const Held outer(*broker);
        const Held inner(*broker);
        broker->publish(reply(), ticket);
    }
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == 50; }));
    {
        const Held held(*broker);  // with nothing published in it
    }
    broker->publish(reply(), 51);
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == 51; }));
    // Not with the worker's own look at the connection.
    CHECK(std::chrono::steady_clock::now() - begun < dm::broker::kProvenAfter / 2);
    broker->stop(1s);
    CHECK(each_once(recorder.seen()));
}

TEST_CASE("stopping waits for what was handed over") {
    MosquittoProcess mosquitto("max_inflight_messages 5");
    mosquitto.start();
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings_for(mosquitto.url()));
    broker->start(recorder);
    REQUIRE(recorder.wait_connected());
    for (std::uint64_t ticket = 1; ticket <= 1000; ++ticket) {
        broker->publish(reply(), ticket);
    }
    broker->stop(15s);
    const auto seen = recorder.seen();
    CHECK(each_once(seen));
    CHECK(seen.count(PublishResult::acknowledged) == 1000);
}

TEST_CASE("beyond the queue's bound a ticket fails and QoS 0 gives way first") {
    Connected node;
    auto& [mosquitto, recorder, broker] = node;
    constexpr std::uint64_t kMessages = dm::broker::kMaxQueuedPublishes + 8000;
    auto unimportant = reply();
    unimportant.qos = 0;
    std::uint64_t taken = 0;
    bool dropped = false;
    bool refused_before_drop = false;
    for (std::uint64_t ticket = 1; ticket <= kMessages; ++ticket) {
        const bool took = broker->publish(reply(), ticket);
        taken += took ? 1 : 0;
        dropped = dropped || !broker->publish(unimportant, 0);
        refused_before_drop = refused_before_drop || (!took && !dropped);
    }
    CHECK(taken < kMessages);
    CHECK_FALSE(refused_before_drop);
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == kMessages; }));
    const auto seen = recorder.seen();
    CHECK(each_once(seen));
    CHECK(seen.count(PublishResult::acknowledged) == taken);
    CHECK(seen.disconnects.empty());
    broker->stop(1s);
}

TEST_CASE("Paho never meets a full socket, also when the broker stops reading") {
    MosquittoProcess mosquitto("max_inflight_messages 1000");
    mosquitto.start();
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings_for(mosquitto.url()));
    broker->start(recorder);
    REQUIRE(recorder.wait_connected());
    count_partial_writes();
    mosquitto.pause();
    // 16 MiB each: far beyond what two kernels keep.
    constexpr std::uint64_t kMessages = 1000;
    auto large = reply();
    large.payload.assign(16384, 'x');
    auto unimportant = large;
    unimportant.qos = 0;
    for (std::uint64_t ticket = 1; ticket <= kMessages; ++ticket) {
        broker->publish(unimportant, 0);
        broker->publish(large, ticket);
    }
    fill(*broker, unimportant);
    mosquitto.resume();
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == kMessages; }));
    broker->stop(1s);
    MQTTAsync_setTraceCallback(nullptr);
    const auto seen = recorder.seen();
    CHECK(partial_writes == 0);
    CHECK(seen.count(PublishResult::acknowledged) == kMessages);
    CHECK(seen.disconnects.empty());
}

// Not run by ctest: build/<preset>/bin/broker_tests -tc="the publish rate*" --no-skip
TEST_CASE("the publish rate, printed" * doctest::skip()) {
    for (const int window : {20, 100, 2000}) {
        MosquittoProcess mosquitto("max_inflight_messages " + std::to_string(window));
        mosquitto.start();
        Recorder recorder;
        const auto broker = make_mqtt_broker(settings_for(mosquitto.url()));
        broker->start(recorder);
        REQUIRE(recorder.wait_connected());
        constexpr std::uint64_t kMessages = 15000;
        const auto begin = std::chrono::steady_clock::now();
        for (std::uint64_t ticket = 1; ticket <= kMessages; ++ticket) {
            broker->publish(reply(), ticket);
        }
        REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == kMessages; }));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        CHECK(recorder.seen().count(PublishResult::acknowledged) == kMessages);
        std::printf("receive maximum %d: %.0f QoS 1 publishes/s\n", window, 15000 / took.count());
        broker->stop(1s);
    }
}

TEST_CASE("Paho's memory is in our register") {
    const std::uint64_t before = paho_second_frees();
    void* const place = MQTTAsync_malloc(16);
    MQTTAsync_free(place);
    MQTTAsync_free(place);
    CHECK(paho_second_frees() == before + 1);
}
