#include "tests/bench/load/direct_device.hpp"

#include <cstddef>

namespace dm::bench {
namespace {

char octet(std::size_t value) {
    return static_cast<char>(value & 0xFFU);
}

/// MQTT 5 section 1.5.5.
void add_length(std::string& packet, std::size_t length) {
    do {
        const std::size_t rest = length >> 7U;
        packet += octet((length & 0x7FU) | (rest > 0 ? 0x80U : 0U));
        length = rest;
    } while (length > 0);
}

void add_text(std::string& packet, std::string_view text) {
    packet += octet(text.size() >> 8U);
    packet += octet(text.size());
    packet += text;
}

std::string packet_of(unsigned type, std::string_view body) {
    std::string packet{octet(type)};
    add_length(packet, body.size());
    packet += body;
    return packet;
}

/// Takes octets from the front; what is missing counts as nothing, it comes from a broker.
class Cursor {
public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}

    std::size_t octet() {
        const std::size_t value = rest_.empty() ? 0 : static_cast<unsigned char>(rest_.front());
        skip(1);
        return value;
    }

    std::size_t length() {
        std::size_t value = 0;
        for (unsigned shift = 0; shift < 28; shift += 7) {
            const std::size_t next = octet();
            value |= (next & 0x7FU) << shift;
            if (next < 0x80) {
                break;
            }
        }
        return value;
    }

    void skip(std::size_t count) {
        rest_.remove_prefix(count < rest_.size() ? count : rest_.size());
    }

    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// Of a command in JSON.
std::string id_of(std::string_view command) {
    constexpr std::string_view kKey = R"("id":")";
    const auto at = command.find(kKey);
    const auto begin = at == std::string_view::npos ? command.size() : at + kKey.size();
    return std::string{command.substr(begin, command.find('"', begin) - begin)};
}

}  // namespace

std::string terminal_message(std::string_view command) {
    return R"({"id":")" + id_of(command) +
           R"(","state":"succeeded","status":"ok","data":{"on":true},"attempts":1,"latency_ms":0})";
}

std::optional<std::string> device_answer(std::string_view frame) {
    if (frame.find(R"("type":"command")") == std::string_view::npos) {
        return std::nullopt;
    }
    return R"({"type":"reply","id":")" + id_of(frame) + R"(","status":"ok","data":{"on":true}})";
}

std::string mqtt_subscribe(std::string_view filter) {
    std::string body{"\0\1\0", 3};  // packet id 1, no properties
    add_text(body, filter);
    body += '\1';
    return packet_of(0x82, body);
}

std::optional<MqttAnswer> mqtt_answer(std::string_view packet, std::string_view topic) {
    Cursor cursor{packet};
    if ((cursor.octet() & 0xF6U) != 0x32U) {
        return std::nullopt;
    }
    static_cast<void>(cursor.length());
    std::size_t topic_size = cursor.octet() << 8U;
    topic_size |= cursor.octet();
    cursor.skip(topic_size);
    const std::string id{cursor.rest().substr(0, 2)};
    cursor.skip(2);
    cursor.skip(cursor.length());
    std::string reply;
    add_text(reply, topic);
    reply += id;  // as unique among ours under way as among the broker's
    reply += '\0';
    reply += terminal_message(cursor.rest());
    return MqttAnswer{packet_of(0x40, id), packet_of(0x32, reply)};
}

}  // namespace dm::bench
