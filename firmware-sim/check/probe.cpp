#include "firmware-sim/check/probe.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::size_t kMaxHeadBytes = 16384;
/// A server that sends more in one message is broken; it is not read on.
constexpr std::uint64_t kMaxPayloadBytes = 1UL << 24U;
/// RFC 6455 wants unpredictable keys because of browsers; here any will do.
constexpr std::string_view kMask{"\x5A\xC3\x3C\xA5", 4};
constexpr int kAbnormal = 1006;
constexpr int kNoStatus = 1005;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

std::string request_text(const Opening& opening, const std::string& host) {
    auto text = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n", opening.path, host);
    const auto header = [&](std::string_view name, std::string_view value) {
        text += fmt::format("{}: {}\r\n", name, value);
    };
    if (opening.upgrade) {
        header("Upgrade", "websocket");
        header("Connection", "Upgrade");
    }
    header("Sec-WebSocket-Version", "13");
    header("Sec-WebSocket-Key", opening.key);
    if (!opening.protocols.empty()) {
        header("Sec-WebSocket-Protocol", fmt::format("{}", fmt::join(opening.protocols, ", ")));
    }
    if (opening.origin) {
        header("Origin", *opening.origin);
    }
    if (opening.authorization) {
        header("Authorization", *opening.authorization);
    }
    return text + "\r\n";
}

void append_length(std::string& out, std::size_t length, std::uint8_t mask_bit) {
    const auto byte = [&](std::size_t value) { out += static_cast<char>(value & 0xFFU); };
    if (length < 126) {
        byte(mask_bit | length);
    } else if (length < 65536) {
        byte(mask_bit | 126U);
        byte(length >> 8U);
        byte(length);
    } else {
        byte(mask_bit | 127U);
        for (unsigned shift = 64; shift > 0; shift -= 8) {
            byte(length >> (shift - 8));
        }
    }
}

/// What the first bytes of a server's frame say; servers do not mask.
struct FrameHead {
    bool fin;
    Opcode opcode;
    std::size_t head_bytes;
    std::uint64_t payload_bytes;
};

std::optional<FrameHead> frame_at_start(std::string_view input) {
    constexpr std::size_t kShortHead = 2;
    if (input.size() < kShortHead) {
        return std::nullopt;
    }
    const auto at = [&](std::size_t index) {
        return std::uint64_t{static_cast<unsigned char>(input[index])};
    };
    std::uint64_t payload = at(1) & 0x7FU;
    std::size_t length_bytes = 0;
    if (payload >= 126) {
        length_bytes = payload == 126 ? 2 : 8;
        payload = 0;
    }
    if (input.size() < kShortHead + length_bytes) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < length_bytes; ++i) {
        payload = payload << 8U | at(kShortHead + i);
    }
    return FrameHead{(at(0) & 0x80U) != 0,
                     static_cast<Opcode>(at(0) & 0x0FU),
                     kShortHead + length_bytes,
                     payload};
}

}  // namespace

int Probe::open(const Opening& opening, const std::string& host) {
    const auto deadline = read_clock().mono + patience_;
    if (!wire_->write(request_text(opening, host), deadline)) {
        seen_ = "the connection ended";
        return 0;
    }
    while (input_.find(kEndOfHead) == std::string::npos && input_.size() < kMaxHeadBytes) {
        if (!fill(deadline)) {
            return 0;
        }
    }
    const auto end = std::min(input_.find(kEndOfHead), input_.size());
    head_ = input_.substr(0, end);
    input_.erase(0, end + kEndOfHead.size());
    int status = 0;
    const auto space = std::min(head_.find(' '), head_.size() - 1);
    std::from_chars(head_.data() + space + 1, head_.data() + head_.size(), status);
    seen_ = fmt::format("{}", status);
    return status;
}

std::string Probe::header(std::string_view name) const {
    std::string_view rest = head_;
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        const auto line = rest.substr(0, end);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name)) {
            const auto value = line.find_first_not_of(' ', colon + 1);
            return std::string(value == std::string_view::npos ? "" : line.substr(value));
        }
        rest = end == std::string_view::npos ? "" : rest.substr(end + 2);
    }
    return {};
}

void Probe::send(Opcode opcode, std::string_view payload, FrameShape shape) {
    std::string frame;
    const unsigned first =
        (shape.fin ? 0x80U : 0U) | shape.reserved | static_cast<unsigned>(opcode);
    frame += static_cast<char>(first);
    append_length(frame, payload.size(), shape.masked ? 0x80 : 0);
    if (shape.masked) {
        frame += kMask;
    }
    const std::size_t begin = frame.size();
    frame += payload;
    for (std::size_t i = begin; shape.masked && i < frame.size(); ++i) {
        frame[i] = static_cast<char>(frame[i] ^ kMask[(i - begin) % kMask.size()]);
    }
    static_cast<void>(wire_->write(frame, read_clock().mono + patience_));
}

void Probe::send(const proto::DeviceFrame& frame) {
    send(format_ == proto::Format::json ? Opcode::text : Opcode::binary,
         proto::encode(format_, frame));
}

bool Probe::await_pong(std::string_view payload) {
    const auto deadline = read_clock().mono + patience_;
    while (const auto incoming = next(deadline)) {
        if (incoming->opcode == Opcode::pong && incoming->payload == payload) {
            return true;
        }
    }
    return false;
}

int Probe::await_close(std::optional<std::chrono::milliseconds> patience) {
    const auto deadline = read_clock().mono + patience.value_or(patience_);
    while (close_code_ == 0 && next(deadline)) {
    }
    return close_code_;
}

void Probe::leave() {
    send(Opcode::close, std::string_view{"\x03\xE8", 2});
    static_cast<void>(await_close());
}

bool Probe::fill(Instant deadline) {
    auto bytes = wire_->read(deadline);
    if (bytes.empty()) {
        seen_ = wire_->ended() ? "the connection ended" : "nothing in time";
        if (wire_->ended() && close_code_ == 0) {
            close_code_ = kAbnormal;
        }
        return false;
    }
    input_ += bytes;
    return true;
}

std::optional<Probe::Incoming> Probe::next(Instant deadline) {
    while (close_code_ == 0) {
        if (auto message = take_message()) {
            return message;
        }
        if (close_code_ != 0 || !fill(deadline)) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<Probe::Incoming> Probe::take_message() {
    while (const auto frame = frame_at_start(input_)) {
        if (frame->payload_bytes > kMaxPayloadBytes) {
            seen_ = "a frame that is far too long";
            close_code_ = kAbnormal;
            return std::nullopt;
        }
        if (input_.size() < frame->head_bytes + frame->payload_bytes) {
            return std::nullopt;
        }
        std::string payload = input_.substr(frame->head_bytes, frame->payload_bytes);
        input_.erase(0, frame->head_bytes + frame->payload_bytes);
        if (frame->opcode == Opcode::close) {
            note_close(payload);
            return std::nullopt;
        }
        if (frame->opcode == Opcode::ping || frame->opcode == Opcode::pong) {
            return Incoming{frame->opcode, std::move(payload)};
        }
        if (frame->opcode != Opcode::continuation) {
            fragmented_ = frame->opcode;
        }
        fragments_ += payload;
        if (frame->fin) {
            return Incoming{fragmented_, std::exchange(fragments_, {})};
        }
    }
    return std::nullopt;
}

void Probe::note_close(const std::string& payload) {
    close_code_ = kNoStatus;
    if (payload.size() >= 2) {
        close_code_ =
            (static_cast<unsigned char>(payload[0]) << 8U) | static_cast<unsigned char>(payload[1]);
        send(Opcode::close, payload.substr(0, 2));
    }
    seen_ = fmt::format("close {} {}", close_code_, payload.size() > 2 ? payload.substr(2) : "");
}

std::optional<proto::ServerFrame> Probe::next_frame(Instant deadline) {
    while (const auto incoming = next(deadline)) {
        if (incoming->opcode == Opcode::ping || incoming->opcode == Opcode::pong) {
            continue;
        }
        const bool binary = incoming->opcode == Opcode::binary;
        if (binary != (format_ == proto::Format::cbor)) {
            seen_ = binary ? "a binary message on dm.v1.json" : "a text on dm.v1.cbor";
            continue;
        }
        auto frame = proto::decode_server_frame(format_, incoming->payload);
        if (!frame) {
            seen_ = "a frame that cannot be read: " + frame.error().message;
            continue;
        }
        ++received_[std::string(proto::type_of(*frame))];
        const auto* error = std::get_if<proto::ErrorFrame>(&*frame);
        seen_ = error != nullptr ? fmt::format("error {}", proto::word(error->code))
                                 : std::string(proto::type_of(*frame));
        return *std::move(frame);
    }
    return std::nullopt;
}

}  // namespace dm::sim
