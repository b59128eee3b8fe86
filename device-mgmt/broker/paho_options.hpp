#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <cstdint>
#include <optional>
#include <string>

#include <MQTTAsync.h>
#include <mqtt/properties.h>
#include <tl/expected.hpp>

/// Between our types and Paho's.
namespace dm::broker {

/// `mqtt://host[:port]` and `mqtts://host[:port]` as Paho wants them. The error is a sentence.
[[nodiscard]] tl::expected<std::string, std::string> paho_url(const std::string& url);

/// The port in what paho_url returned; 0 when it is no number.
[[nodiscard]] std::uint16_t port_of(const std::string& paho_url);

/// A list of properties in the memory of the C library that is linked: mqtt::properties allocates
/// in the one that Paho C++ brings along, which nobody starts and which therefore frees nothing.
class PropertyList {
public:
    PropertyList() = default;

    ~PropertyList() { MQTTProperties_free(&list_); }

    PropertyList(const PropertyList&) = delete;
    PropertyList& operator=(const PropertyList&) = delete;

    /// Copies it. Nothing is added when there is no memory.
    void add(const mqtt::property& property) {
        static_cast<void>(MQTTProperties_add(&list_, &property.c_struct()));
    }

    [[nodiscard]] MQTTProperties& c_struct() { return list_; }

private:
    MQTTProperties list_ = MQTTProperties_initializer;
};

/// Everything MQTTAsync_connect needs, at addresses that stay until it has copied them.
///
/// The options of Paho C++ 1.2.0 lose their MQTT 5 properties when copied (paho.mqtt.cpp#445), and
/// with them the session expiry: the broker then forgets the session, and every command in it, with
/// the connection. Hence the C structure.
class ConnectOptions {
public:
    /// `settings` must outlive it.
    explicit ConnectOptions(const BrokerSettings& settings);
    ~ConnectOptions() = default;
    ConnectOptions(const ConnectOptions&) = delete;
    ConnectOptions& operator=(const ConnectOptions&) = delete;

    [[nodiscard]] MQTTAsync_connectOptions& connect() { return options_; }

    [[nodiscard]] MQTTAsync_SSLOptions& tls() { return tls_; }

private:
    PropertyList properties_;
    MQTTAsync_willOptions will_;
    MQTTAsync_SSLOptions tls_;
    MQTTAsync_connectOptions options_;
};

/// Adds what the message has of response topic, correlation data and user properties.
void add_properties(const OutboundMessage& message, PropertyList& properties);

[[nodiscard]] InboundMessage to_inbound(std::string topic, const MQTTAsync_message& message);

}  // namespace dm::broker
