#include "device-mgmt/broker/outbound_check.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace dm::broker {

namespace {

/// Takes one code point off the front of `text`; empty when it is not well-formed UTF-8
/// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::optional<std::uint32_t> take_code_point(std::string_view& text) {
    const auto byte = [&text](std::size_t i) -> std::uint32_t {
        return static_cast<unsigned char>(text[i]);
    };
    const std::uint32_t lead = byte(0);
    std::size_t length = 1;
    std::uint32_t value = lead;
    std::uint32_t smallest = 0;
    if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        value = lead & 0x07U;
        smallest = 0x10000;
    } else if (lead >= 0xE0 && lead < 0xF0) {
        length = 3;
        value = lead & 0x0FU;
        smallest = 0x800;
    } else if (lead >= 0xC2 && lead < 0xE0) {
        length = 2;
        value = lead & 0x1FU;
        smallest = 0x80;
    } else if (lead >= 0x80) {
        return std::nullopt;
    }
    if (text.size() < length) {
        return std::nullopt;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return std::nullopt;
        }
        value = (value << 6U) | (byte(i) & 0x3FU);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest || surrogate || value > 0x10FFFF) {
        return std::nullopt;
    }
    text.remove_prefix(length);
    return value;
}

bool is_accepted(std::uint32_t code_point) {
    const bool control = code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);
    const bool non_character =
        (code_point >= 0xFDD0 && code_point <= 0xFDEF) || (code_point & 0xFFFEU) == 0xFFFEU;
    return !control && !non_character;
}

}  // namespace

bool is_mqtt_string(std::string_view text) {
    if (text.size() > kMaxStringBytes) {
        return false;
    }
    while (!text.empty()) {
        const auto code_point = take_code_point(text);
        if (!code_point || !is_accepted(*code_point)) {
            return false;
        }
    }
    return true;
}

bool is_topic_name(std::string_view topic) {
    return !topic.empty() && topic.find_first_of("+#") == std::string_view::npos &&
           static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/')) <=
               kMaxTopicSeparators &&
           is_mqtt_string(topic);
}

bool is_publishable(const OutboundMessage& message) {
    const auto good_pair = [](const auto& pair) {
        return is_mqtt_string(pair.first) && is_mqtt_string(pair.second);
    };
    return (message.qos == 0 || message.qos == 1) && is_topic_name(message.topic) &&
           message.payload.size() <= kMaxPayloadBytes &&
           (!message.response_topic || is_topic_name(*message.response_topic)) &&
           (!message.correlation || message.correlation->size() <= kMaxStringBytes) &&
           std::all_of(message.user_properties.begin(), message.user_properties.end(), good_pair);
}

std::size_t packet_bytes(const OutboundMessage& message) {
    // Fixed header 5, topic length 2, packet id 2, property length 4; each property 1 + 2 (or 4).
    constexpr std::size_t kFixed = 13;
    std::size_t bytes = kFixed + message.topic.size() + message.payload.size();
    bytes += message.response_topic ? 3 + message.response_topic->size() : 0;
    bytes += message.correlation ? 3 + message.correlation->size() : 0;
    for (const auto& [name, value] : message.user_properties) {
        bytes += 5 + name.size() + value.size();
    }
    return bytes;
}

}  // namespace dm::broker
