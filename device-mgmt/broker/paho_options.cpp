#include "device-mgmt/broker/paho_options.hpp"

#include <charconv>
#include <string_view>
#include <tuple>
#include <utility>

namespace dm::broker {

namespace {

constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kTls = "mqtts://";

bool has_port(std::string_view host) {
    const auto colon = host.rfind(':');
    const auto bracket = host.rfind(']');  // [::1] has colons of its own
    return colon != std::string_view::npos &&
           (bracket == std::string_view::npos || bracket < colon);
}

std::string with_scheme(std::string_view scheme, std::string_view host, std::string_view port) {
    std::string url{scheme};
    url.append(host);
    if (!has_port(host)) {
        url.append(":").append(port);
    }
    return url;
}

std::string to_string(const MQTTLenString& text) {
    return text.data == nullptr ? std::string{}
                                : std::string(text.data, static_cast<std::size_t>(text.len));
}

}  // namespace

tl::expected<std::string, std::string> paho_url(const std::string& url) {
    std::string_view rest = url;
    const bool tls = rest.substr(0, kTls.size()) == kTls;
    if (!tls && rest.substr(0, kPlain.size()) != kPlain) {
        return tl::unexpected("broker url '" + url + "' is neither mqtt:// nor mqtts://");
    }
    rest.remove_prefix(tls ? kTls.size() : kPlain.size());
    while (!rest.empty() && rest.back() == '/') {
        rest.remove_suffix(1);
    }
    if (rest.empty() || rest.find_first_of("/@?# ") != std::string_view::npos) {
        return tl::unexpected("broker url '" + url + "' is not a scheme, a host and a port");
    }
    return tls ? with_scheme("ssl://", rest, "8883") : with_scheme("tcp://", rest, "1883");
}

std::uint16_t port_of(const std::string& paho_url) {
    std::uint16_t port = 0;
    const auto colon = paho_url.rfind(':');
    if (colon != std::string::npos) {
        std::from_chars(paho_url.data() + colon + 1, paho_url.data() + paho_url.size(), port);
    }
    return port;
}

ConnectOptions::ConnectOptions(const BrokerSettings& settings)
    : will_(MQTTAsync_willOptions_initializer),
      tls_(MQTTAsync_SSLOptions_initializer),
      options_(MQTTAsync_connectOptions_initializer5) {
    // A Paho that has its window full waits a second for every message (fixed in C 1.3.14), so its
    // own window stays open and ours, which knows the broker's Receive Maximum, is the narrower.
    options_.maxInflight = 65535;
    options_.automaticReconnect = 0;
    options_.keepAliveInterval = static_cast<int>(settings.keep_alive.count());
    options_.cleanstart = settings.clean_start ? 1 : 0;
    options_.connectTimeout = static_cast<int>((settings.connect_timeout.count() + 999) / 1000);
    properties_.add(mqtt::property(mqtt::property::SESSION_EXPIRY_INTERVAL,
                                   static_cast<std::int32_t>(settings.session_expiry.count())));
    options_.connectProperties = &properties_.c_struct();
    if (!settings.username.empty()) {
        options_.username = settings.username.c_str();
    }
    if (!settings.password.empty()) {
        options_.binarypwd.len = static_cast<int>(settings.password.size());
        options_.binarypwd.data = settings.password.data();
    }
    if (settings.will) {
        will_.topicName = settings.will->topic.c_str();
        will_.payload.len = static_cast<int>(settings.will->payload.size());
        will_.payload.data = settings.will->payload.data();
        will_.qos = settings.will->qos;
        will_.retained = settings.will->retain ? 1 : 0;
        options_.will = &will_;
    }
    if (settings.url.compare(0, kTls.size(), kTls) == 0) {
        tls_.enableServerCertAuth = 1;
        tls_.verify = 1;  // the host name too
        tls_.sslVersion = MQTT_SSL_VERSION_DEFAULT;
        tls_.trustStore = settings.ca.empty() ? nullptr : settings.ca.c_str();
        options_.ssl = &tls_;
    }
}

void add_properties(const OutboundMessage& message, PropertyList& properties) {
    if (message.response_topic) {
        properties.add(mqtt::property(mqtt::property::RESPONSE_TOPIC, *message.response_topic));
    }
    if (message.correlation) {
        properties.add(mqtt::property(mqtt::property::CORRELATION_DATA, *message.correlation));
    }
    for (const auto& [name, value] : message.user_properties) {
        properties.add(mqtt::property(mqtt::property::USER_PROPERTY, name, value));
    }
}

InboundMessage to_inbound(std::string topic, const MQTTAsync_message& message) {
    InboundMessage inbound;
    inbound.topic = std::move(topic);
    if (message.payloadlen > 0) {
        inbound.payload.assign(static_cast<const char*>(message.payload),
                               static_cast<std::size_t>(message.payloadlen));
    }
    inbound.qos = message.qos;
    inbound.retained = message.retained != 0;
    inbound.duplicate = message.dup != 0;
    for (int i = 0; i < message.properties.count; ++i) {
        const MQTTProperty& property = message.properties.array[i];
        switch (property.identifier) {
            case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
                inbound.response_topic = to_string(property.value.data);
                break;
            case MQTTPROPERTY_CODE_CORRELATION_DATA:
                inbound.correlation = to_string(property.value.data);
                break;
            case MQTTPROPERTY_CODE_USER_PROPERTY:
                inbound.user_properties.emplace_back(to_string(property.value.data),
                                                     to_string(property.value.value));
                break;
            default:
                break;
        }
    }
    return inbound;
}

}  // namespace dm::broker
