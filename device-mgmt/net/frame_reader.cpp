#include "device-mgmt/net/frame_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dm::net {
namespace {

constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthBits = 0x7F;
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;
constexpr std::size_t kMaskBytes = 4;
/// Announced lengths are not believed beyond this: memory is taken as bytes arrive.
constexpr std::uint64_t kTrustedLength = 65536;

bool is_known(Opcode opcode) {
    switch (opcode) {
        case Opcode::continuation:
        case Opcode::text:
        case Opcode::binary:
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            return true;
    }
    return false;
}

/// RFC 6455 section 5.3. Returns where in the mask the next byte stands.
std::uint8_t unmask(unsigned char* data,
                    std::size_t size,
                    const unsigned char* mask,
                    std::uint8_t mask_at) {
    std::array<unsigned char, sizeof(std::uint64_t)> rotated{};
    for (std::size_t i = 0; i < rotated.size(); ++i) {
        rotated[i] = mask[(mask_at + i) % kMaskBytes];
    }
    std::uint64_t key = 0;
    std::memcpy(&key, rotated.data(), sizeof key);
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= size; at += sizeof word) {
        std::memcpy(&word, data + at, sizeof word);
        word ^= key;
        std::memcpy(data + at, &word, sizeof word);
    }
    for (; at < size; ++at) {
        data[at] = static_cast<unsigned char>(data[at] ^ rotated[at % kMaskBytes]);
    }
    return static_cast<std::uint8_t>((mask_at + size) % kMaskBytes);
}

}  // namespace

bool is_sendable_close_code(std::uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

std::size_t FrameReader::consume(unsigned char* data, std::size_t size) {
    if (closed_ && !ready_) {
        return size;
    }
    std::size_t at = 0;
    while (!ready_ && fault_ == FrameFault::none) {
        if (!in_payload_) {
            if (!read_header(data, size, at)) {
                break;
            }
            begin_payload();
        } else if (remaining_ > 0) {
            if (at == size) {
                break;
            }
            read_payload(data, size, at);
        } else {
            end_frame();
        }
    }
    return at;
}

bool FrameReader::read_header(const unsigned char* data, std::size_t size, std::size_t& at) {
    while (at < size) {
        header_[header_filled_++] = data[at++];
        if (header_filled_ == kBasicHeader) {
            check_basic_header();
        }
        if (fault_ != FrameFault::none) {
            return false;
        }
        if (header_filled_ >= kBasicHeader && header_filled_ == header_length()) {
            return true;
        }
    }
    return false;
}

void FrameReader::check_basic_header() {
    const auto opcode = static_cast<Opcode>(header_[0] & 0x0FU);
    const unsigned length = header_[1] & kLengthBits;
    if ((header_[0] & kReservedBits) != 0) {
        fail(FrameFault::reserved_bits);  // no extension is ever negotiated
    } else if (!is_known(opcode)) {
        fail(FrameFault::reserved_opcode);
    } else if ((header_[1] & kMaskBit) == 0) {
        fail(FrameFault::unmasked);
    } else if (is_control() && !is_final()) {
        fail(FrameFault::fragmented_control);
    } else if (is_control() && length > kMaxControl) {
        fail(FrameFault::long_control);
    } else if (!is_control() && (opcode == Opcode::continuation) != fragmented_) {
        fail(FrameFault::bad_continuation);
    }
}

std::size_t FrameReader::header_length() const {
    const unsigned length = header_[1] & kLengthBits;
    const std::size_t extended = length == kLength64 ? 8 : (length == kLength16 ? 2 : 0);
    return kBasicHeader + extended + kMaskBytes;
}

std::uint64_t FrameReader::announced_length() const {
    const unsigned basic = header_[1] & kLengthBits;
    if (basic < kLength16) {
        return basic;
    }
    std::uint64_t length = 0;
    for (std::size_t i = kBasicHeader; i < header_length() - kMaskBytes; ++i) {
        length = (length << 8U) | header_[i];
    }
    return length;
}

void FrameReader::begin_payload() {
    const unsigned basic = header_[1] & kLengthBits;
    remaining_ = announced_length();
    if ((basic == kLength16 && remaining_ < kLength16) ||
        (basic == kLength64 && remaining_ <= 0xFFFF)) {
        fail(FrameFault::long_encoding);
        return;
    }
    if (!is_control()) {
        // Never a sum of the two: it could wrap around.
        if (remaining_ > max_message_ - message_.size()) {
            fail(FrameFault::too_big);
            return;
        }
        if (!fragmented_) {
            data_opcode_ = static_cast<Opcode>(header_[0] & 0x0FU);
            fragmented_ = true;
            message_.reserve(std::min(remaining_, kTrustedLength));
        }
    }
    mask_at_ = 0;
    in_payload_ = true;
}

void FrameReader::read_payload(unsigned char* data, std::size_t size, std::size_t& at) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, size - at));
    unsigned char* payload = data + at;
    mask_at_ = unmask(payload, part, header_.data() + header_length() - kMaskBytes, mask_at_);
    at += part;
    remaining_ -= part;
    if (!is_control() && data_opcode_ == Opcode::text && !text_.feed(payload, part)) {
        fail(FrameFault::bad_utf8);
        return;
    }
    (is_control() ? control_ : message_).append(reinterpret_cast<const char*>(payload), part);
}

void FrameReader::end_frame() {
    in_payload_ = false;
    header_filled_ = 0;
    if (is_control()) {
        ready_ = true;
        if (static_cast<Opcode>(header_[0] & 0x0FU) == Opcode::close) {
            check_close();
        }
        return;
    }
    if (!is_final()) {
        return;
    }
    if (data_opcode_ == Opcode::text && !text_.complete()) {
        fail(FrameFault::bad_utf8);
        return;
    }
    fragmented_ = false;
    ready_ = true;
}

void FrameReader::check_close() {
    closed_ = true;
    if (control_.empty()) {
        return;
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(control_.data());
    if (control_.size() == 1 ||
        !is_sendable_close_code(static_cast<std::uint16_t>((bytes[0] << 8U) | bytes[1]))) {
        ready_ = false;
        fail(FrameFault::bad_close);
        return;
    }
    Utf8Check reason;
    if (!reason.feed(bytes + 2, control_.size() - 2) || !reason.complete()) {
        ready_ = false;
        fail(FrameFault::bad_utf8);
    }
}

FrameReader::Message FrameReader::take() {
    ready_ = false;
    if (is_control()) {
        return {static_cast<Opcode>(header_[0] & 0x0FU), std::exchange(control_, {})};
    }
    text_.reset();
    return {data_opcode_, std::exchange(message_, {})};
}

}  // namespace dm::net
