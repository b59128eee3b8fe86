#include "device-mgmt/broker/mqtt_broker.hpp"

#include "tests/broker/mosquitto_process.hpp"
#include "tests/broker/recorder.hpp"
#include "tests/broker/wire.hpp"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
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

BrokerSettings settings_for(const std::string& url, const std::string& client_id) {
    BrokerSettings settings;
    settings.url = url;
    settings.client_id = client_id;
    settings.session_expiry = 300s;
    settings.backoff_max = 500ms;
    return settings;
}

OutboundMessage message_to(const std::string& topic, const std::string& payload, int qos = 1) {
    OutboundMessage message;
    message.topic = topic;
    message.payload = payload;
    message.qos = qos;
    return message;
}

}  // namespace

TEST_CASE("a message and its properties arrive as they were published") {
    MosquittoProcess mosquitto;
    mosquitto.start();
    Recorder recorder;
    auto settings = settings_for(mosquitto.url(), "both-ways");
    settings.subscriptions = {{"$share/device-mgmt/dm/commands/+"}, {"dm/streams/#"}};
    const auto broker = make_mqtt_broker(settings);
    broker->start(recorder);
    REQUIRE(recorder.wait_connected());
    CHECK(broker->connected());

    auto message = message_to("dm/commands/d-1", R"({"command":"on"})");
    message.response_topic = "answers/here";
    message.correlation = std::string("\x00\x01\xff", 3);
    message.user_properties = {{"traceparent", "00-abc"}, {"traceparent", "zweite – ü"}};
    CHECK(broker->publish(message, 7));
    REQUIRE(recorder.wait_messages(1));
    REQUIRE(recorder.wait([](const auto& seen) { return seen.settled() == 1; }));

    const auto seen = recorder.seen();
    const auto& got = seen.messages.front();
    CHECK(got.topic == message.topic);
    CHECK(got.payload == message.payload);
    CHECK(got.response_topic == message.response_topic);
    CHECK(got.correlation == message.correlation);
    CHECK(got.user_properties == message.user_properties);
    CHECK(got.qos == 1);
    CHECK_FALSE(got.retained);
    CHECK(seen.outcomes.at(7).front() == PublishResult::acknowledged);
    broker->stop(1s);
}

TEST_CASE("what no broker would take is refused without costing the connection") {
    MosquittoProcess mosquitto("max_packet_size 2000");
    mosquitto.start();
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings_for(mosquitto.url(), "refused"));
    broker->start(recorder);
    REQUIRE(recorder.wait_connected());
    std::uint64_t ticket = 0;
    for (const std::string& topic : {std::string{},
                                     std::string{"a/+"},
                                     std::string{"a/#"},
                                     std::string("a\0b", 3),
                                     std::string{"a\nb"},
                                     std::string{"\xff"},
                                     std::string(201, '/'),
                                     std::string(65536, 'a')}) {
        CHECK_FALSE(broker->publish(message_to(topic, "x"), ++ticket));
    }
    auto bad_property = message_to("a", "x");
    bad_property.user_properties = {{"operator", "two\nlines"}};
    CHECK_FALSE(broker->publish(bad_property, ++ticket));
    CHECK_FALSE(broker->publish(message_to("a", std::string(2000, 'x')), ++ticket));
    // Answered by Mosquitto, with a reason code.
    CHECK(broker->publish(message_to("$SYS/x", "x"), ++ticket));
    // As far as a topic may go.
    CHECK(broker->publish(message_to(std::string(200, '/'), "x"), ++ticket));
    REQUIRE(recorder.wait([ticket](const auto& seen) { return seen.settled() == ticket; }));
    const auto seen = recorder.seen();
    CHECK(seen.count(PublishResult::refused) == ticket - 1);
    CHECK(seen.outcomes.at(ticket).front() == PublishResult::acknowledged);
    CHECK(seen.disconnects == std::vector<std::string>{});
    broker->stop(1s);
}

TEST_CASE("a refused subscription is a disconnect with a reason and a new attempt") {
    const dm::test::WireTap tap;
    Recorder recorder;
    auto settings = settings_for("mqtt://127.0.0.1:" + std::to_string(tap.port()), "refused");
    settings.subscriptions = {{"dm/commands/+"}};
    const auto broker = make_mqtt_broker(settings);
    broker->start(recorder);
    const char not_authorized = '\x87';
    tap.answer_subscription(not_authorized);
    const char granted_0 = '\0';
    tap.answer_subscription(granted_0);
    REQUIRE(recorder.wait([](const auto& seen) { return seen.disconnects.size() >= 2; }));
    broker->stop(0ms);
    const auto seen = recorder.seen();
    CHECK(seen.connects.empty());
    CHECK(seen.disconnects[0] == "subscription dm/commands/+ refused: Not authorized");
    CHECK(seen.disconnects[1] == "subscription dm/commands/+ was granted QoS 0 only");
}

TEST_CASE("a broker that is unreachable at the start is found once it appears") {
    MosquittoProcess mosquitto;
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings_for(mosquitto.url(), "early"));
    broker->start(recorder);
    CHECK_FALSE(broker->publish(message_to("a", "x", 0), 0));
    CHECK_FALSE(broker->publish(message_to("a", "x"), 1));
    REQUIRE(recorder.wait([](const auto& seen) { return seen.disconnects.size() >= 2; }));
    CHECK(recorder.seen().outcomes.at(1).front() == PublishResult::failed);
    mosquitto.start();
    REQUIRE(recorder.wait_connected());
    broker->stop(1s);
}

TEST_CASE("a wrong password is told in the reason") {
    MosquittoProcess mosquitto("allow_anonymous false");
    mosquitto.start();
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings_for(mosquitto.url(), "stranger"));
    broker->start(recorder);
    REQUIRE(recorder.wait([](const auto& seen) { return !seen.disconnects.empty(); }));
    CHECK(recorder.seen().disconnects.front().find("authorized") != std::string::npos);
    broker->stop(0ms);
}

TEST_CASE("a url that is none is refused at once") {
    CHECK_THROWS_AS((void)make_mqtt_broker(settings_for("http://here", "x")),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)make_mqtt_broker(settings_for("mqtt://", "x")), std::invalid_argument);
}

TEST_CASE("stopping is possible at any time and silences the listener") {
    Recorder recorder;
    const auto url = "mqtt://127.0.0.1:" + std::to_string(dm::test::free_port());
    const auto broker = make_mqtt_broker(settings_for(url, "stopped"));
    broker->start(recorder);
    broker->publish(message_to("a", "x"), 1);
    broker->stop(10s);
    const auto before = recorder.seen();
    CHECK(before.settled() == 1);
    CHECK_FALSE(broker->publish(message_to("a", "x"), 2));
    CHECK(recorder.seen().settled() == 1);
}

TEST_CASE("TLS is used with a certificate that the CA vouches for, and only then") {
    MosquittoProcess mosquitto;
    const std::string folder = mosquitto.folder().string();
    const std::string make_certificate =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mq "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        folder + "/key.pem -out " + folder + "/cert.pem 2>/dev/null";
    // One thread so far. NOLINTNEXTLINE(concurrency-mt-unsafe)
    REQUIRE(std::system(make_certificate.c_str()) == 0);
    const auto port = mosquitto.add_tls_listener(folder + "/cert.pem", folder + "/key.pem");
    mosquitto.start();
    auto settings = settings_for("mqtts://127.0.0.1:" + std::to_string(port), "secure");
    settings.subscriptions = {{"a"}};
    Recorder stranger;
    const auto distrusting = make_mqtt_broker(settings);
    distrusting->start(stranger);
    REQUIRE(stranger.wait([](const auto& seen) { return !seen.disconnects.empty(); }));
    CHECK(stranger.seen().disconnects.front().find("certificate") != std::string::npos);
    distrusting->stop(0ms);

    settings.ca = folder + "/cert.pem";
    Recorder recorder;
    const auto broker = make_mqtt_broker(settings);
    broker->start(recorder);
    REQUIRE(recorder.wait_connected());
    broker->publish(message_to("a", "x"), 1);
    CHECK(recorder.wait_messages(1));
    broker->stop(1s);
}
