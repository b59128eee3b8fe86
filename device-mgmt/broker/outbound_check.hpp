#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <cstddef>
#include <string_view>

/// What may be handed to a broker. A broker answers a malformed publish by dropping the connection,
/// and with it every publish in flight, so such a message must never reach it.
namespace dm::broker {

/// Length prefix of MQTT strings and binary data is two bytes (MQTT 5.0 section 1.5.4).
inline constexpr std::size_t kMaxStringBytes = 65535;

/// Mosquitto drops the connection of whoever publishes to a topic with more separators.
inline constexpr std::size_t kMaxTopicSeparators = 200;

inline constexpr std::size_t kMaxPayloadBytes = std::size_t{16} * 1024 * 1024;

/// UTF-8 without surrogates, and without the characters at which MQTT 5.0 section 1.5.4 lets a
/// receiver close the connection (Mosquitto does): NUL, control characters, non-characters.
[[nodiscard]] bool is_mqtt_string(std::string_view text);

/// A topic name one can publish to: an MQTT string, not empty, without `+` and `#`.
[[nodiscard]] bool is_topic_name(std::string_view topic);

/// Whether `message` can be encoded and will not cost us the connection.
[[nodiscard]] bool is_publishable(const OutboundMessage& message);

/// Upper bound of the bytes of the PUBLISH packet, for the broker's Maximum Packet Size.
[[nodiscard]] std::size_t packet_bytes(const OutboundMessage& message);

}  // namespace dm::broker
