#pragma once

#include "device-mgmt/net/utf8.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace dm::net {

/// RFC 6455 section 5.2.
enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

/// Why the bytes of a peer are no WebSocket frames.
enum class FrameFault {
    none,
    reserved_bits,       ///< 1002
    reserved_opcode,     ///< 1002
    unmasked,            ///< 1002
    fragmented_control,  ///< 1002
    long_control,        ///< 1002
    bad_continuation,    ///< 1002: none begun, or another message inside one
    long_encoding,       ///< 1002: length not in the shortest form
    bad_close,           ///< 1002: one byte, or a code that may not be sent
    bad_utf8,            ///< 1007
    too_big,             ///< 1009
};

/// The receiving server's side of RFC 6455 section 5: bytes in, whole messages out. No I/O.
///
/// Holds at most `max_message` bytes of a message and one control frame, whatever lengths a peer
/// announces and however many fragments it sends. Text is checked as it comes, so bad UTF-8 is
/// noticed in the middle of a frame.
class FrameReader {
public:
    explicit FrameReader(std::size_t max_message) : max_message_(max_message) {}

    /// Takes bytes until a message is ready, a fault is found or all are taken; says how many.
    /// Payload is unmasked in place. What follows a close frame is taken and dropped (RFC 6455
    /// section 5.5.1).
    [[nodiscard]] std::size_t consume(unsigned char* data, std::size_t size);

    [[nodiscard]] bool ready() const { return ready_; }

    /// Once there is a fault, nothing is taken any more.
    [[nodiscard]] FrameFault fault() const { return fault_; }

    struct Message {
        Opcode opcode;
        std::string payload;
    };

    /// The message that is ready, which is then no longer held.
    [[nodiscard]] Message take();

private:
    static constexpr std::size_t kBasicHeader = 2;
    static constexpr std::size_t kMaxHeader = 14;  ///< with 8 bytes of length and the mask
    static constexpr std::size_t kMaxControl = 125;

    /// False: more bytes are needed.
    [[nodiscard]] bool read_header(const unsigned char* data, std::size_t size, std::size_t& at);
    void check_basic_header();
    void begin_payload();
    void read_payload(unsigned char* data, std::size_t size, std::size_t& at);
    void end_frame();
    void check_close();

    void fail(FrameFault fault) { fault_ = fault; }

    [[nodiscard]] bool is_control() const { return (header_[0] & 0x08U) != 0; }

    [[nodiscard]] bool is_final() const { return (header_[0] & 0x80U) != 0; }

    [[nodiscard]] std::size_t header_length() const;
    [[nodiscard]] std::uint64_t announced_length() const;

    std::size_t max_message_;
    std::string message_;  ///< of the data message under way
    std::string control_;
    std::uint64_t remaining_ = 0;  ///< payload bytes of this frame still to come
    std::array<unsigned char, kMaxHeader> header_{};
    std::uint8_t header_filled_ = 0;
    std::uint8_t mask_at_ = 0;
    bool in_payload_ = false;
    bool ready_ = false;
    bool closed_ = false;      ///< a close frame was read
    bool fragmented_ = false;  ///< a data message has begun and not ended
    Opcode data_opcode_ = Opcode::text;
    FrameFault fault_ = FrameFault::none;
    Utf8Check text_;
};

/// A close code that a peer may send (RFC 6455 section 7.4 and IANA's registry).
[[nodiscard]] bool is_sendable_close_code(std::uint16_t code);

}  // namespace dm::net
