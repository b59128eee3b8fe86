#include "tests/bench/load/dialect.hpp"

#include "tests/bench/load/direct_device.hpp"

namespace dm::bench {
namespace {

constexpr std::size_t kShortPayload = 125;  // RFC 6455 section 5.2
constexpr unsigned kFin = 0x80;
constexpr unsigned kMasked = 0x80;

char octet(std::size_t value) {
    return static_cast<char>(value & 0xFFU);
}

/// MQTT 5 section 3.1: clean start, keep-alive 60 s, no properties.
std::string mqtt_connect(std::string_view client_id) {
    std::string body{"\0\4MQTT\5\2\0\74\0", 11};
    body += octet(client_id.size() >> 8U);
    body += octet(client_id.size());
    body += client_id;
    return std::string{'\x10', octet(body.size())} + body;
}

std::string http_upgrade(std::string_view path, std::string_view protocol, const ClientName& name) {
    std::string text = "GET ";
    text += path;
    text +=
        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    if (!protocol.empty()) {
        text += "Sec-WebSocket-Protocol: " + std::string{protocol} + "\r\n";
    }
    if (name.authorization) {
        text += "Authorization: " + *name.authorization + "\r\n";
    }
    return text + "\r\n";
}

}  // namespace

std::optional<Dialect> parse_dialect(std::string_view text) {
    if (text == "device") {
        return Dialect::device;
    }
    if (text == "mqtt") {
        return Dialect::mqtt;
    }
    if (text == "nats") {
        return Dialect::nats;
    }
    if (text == "echo") {
        return Dialect::echo;
    }
    return std::nullopt;
}

Phrases phrases_of(Dialect dialect, const ClientName& name, bool ws_ping) {
    Phrases phrases;
    switch (dialect) {
        case Dialect::device:
            phrases.upgrade = http_upgrade("/v1/device", "dm.v1.json", name);
            phrases.keep_alive = client_frame(kTextFrame, R"({"type":"heartbeat"})");
            phrases.answers = name.answers;
            break;
        case Dialect::mqtt:
            phrases.upgrade = http_upgrade("/mqtt", "mqtt", name);
            phrases.greeting = client_frame(kBinaryFrame, mqtt_connect(name.device));
            phrases.keep_alive = client_frame(kBinaryFrame, {"\xC0\0", 2});  // PINGREQ
            if (!name.filter.empty()) {
                phrases.greeting += client_frame(kBinaryFrame, mqtt_subscribe(name.filter));
            }
            if (!name.prefix.empty()) {
                phrases.greeting += client_frame(
                    kBinaryFrame, mqtt_subscribe(name.prefix + "/commands/" + name.device));
                phrases.answers = true;
                phrases.replies = name.prefix + "/replies/" + name.device;
            }
            break;
        case Dialect::nats:
            phrases.upgrade = http_upgrade("/", "", name);
            phrases.greeting =
                client_frame(kBinaryFrame,
                             R"(CONNECT {"verbose":false,"pedantic":false,"name":")" + name.device +
                                 "\"}\r\nPING\r\n");
            phrases.keep_alive = client_frame(kBinaryFrame, "PING\r\n");
            break;
        case Dialect::echo:
            phrases.upgrade = http_upgrade("/", "", name);
            phrases.keep_alive = client_frame(kPingFrame, "");
            break;
    }
    if (ws_ping) {
        phrases.keep_alive = client_frame(kPingFrame, "");
    }
    return phrases;
}

bool opens_session(Dialect dialect, std::string_view payload) {
    switch (dialect) {
        case Dialect::device:
            return payload.find("\"welcome\"") != std::string_view::npos;
        case Dialect::mqtt:  // CONNACK with reason code 0
            return payload.size() >= 4 && payload[0] == '\x20' && payload[3] == '\0';
        case Dialect::nats:
            return payload.find("PONG\r\n") != std::string_view::npos;
        case Dialect::echo:
            break;
    }
    return true;
}

std::string client_frame(unsigned opcode, std::string_view payload) {
    std::string frame{octet(kFin | opcode)};
    if (payload.size() <= kShortPayload) {
        frame += octet(kMasked | payload.size());
    } else {
        frame += octet(kMasked | (kShortPayload + 1));
        frame += octet(payload.size() >> 8U);
        frame += octet(payload.size());
    }
    frame.append(4, '\0');
    frame += payload;
    return frame;
}

std::optional<ServerFrame> server_frame(std::string_view bytes) {
    const auto at = [&](std::size_t index) -> std::size_t {
        return static_cast<unsigned char>(bytes[index]);
    };
    if (bytes.size() < 2) {
        return std::nullopt;
    }
    std::size_t header = 2;
    std::size_t length = at(1);
    if (length > kShortPayload) {
        const std::size_t octets = length == kShortPayload + 1 ? 2 : 8;
        header += octets;
        if (bytes.size() < header) {
            return std::nullopt;
        }
        length = 0;
        for (std::size_t i = 2; i < header; ++i) {
            length = (length << 8U) | at(i);
        }
    }
    if (bytes.size() - header < length) {
        return std::nullopt;
    }
    return ServerFrame{
        static_cast<unsigned>(at(0) & 0x0FU), bytes.substr(header, length), header + length};
}

}  // namespace dm::bench
