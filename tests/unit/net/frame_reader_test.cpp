#include "device-mgmt/net/frame_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace dm::net {
namespace {

constexpr std::size_t kLimit = 1000;
constexpr unsigned kFinal = 0x80;
constexpr std::array<unsigned char, 4> kMask = {0x11, 0xF2, 0x73, 0x04};

std::string header(unsigned first, std::uint64_t length, unsigned form = 0) {
    std::string bytes(1, static_cast<char>(first));
    if (form == 0) {
        form = length < 126 ? 7 : (length <= 0xFFFF ? 16 : 64);
    }
    if (form == 7) {
        bytes += static_cast<char>(0x80U | length);
    } else {
        bytes += static_cast<char>(form == 16 ? 0xFE : 0xFF);
        for (unsigned shift = form; shift > 0; shift -= 8) {
            bytes += static_cast<char>((length >> (shift - 8)) & 0xFFU);
        }
    }
    return bytes + std::string{reinterpret_cast<const char*>(kMask.data()), kMask.size()};
}

std::string frame(unsigned first, std::string payload) {
    const auto bytes = header(first, payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask.at(i % 4));
    }
    return bytes + payload;
}

std::string text(const std::string& payload) {
    return frame(kFinal | 0x1U, payload);
}

/// Everything that came out of `bytes`, given in pieces of `step`.
struct Reading {
    std::vector<FrameReader::Message> messages;
    FrameFault fault = FrameFault::none;
    std::size_t taken = 0;
};

Reading read(std::string bytes, std::size_t step = 4096, std::size_t limit = kLimit) {
    FrameReader reader{limit};
    Reading reading;
    auto* data = reinterpret_cast<unsigned char*>(bytes.data());
    while (reading.taken < bytes.size() && reader.fault() == FrameFault::none) {
        const auto size = std::min(step, bytes.size() - reading.taken);
        reading.taken += reader.consume(data + reading.taken, size);
        if (reader.ready()) {
            reading.messages.push_back(reader.take());
        }
    }
    reading.fault = reader.fault();
    return reading;
}

FrameFault fault_of(const std::string& bytes) {
    const auto whole = read(bytes);
    const auto dripped = read(bytes, 1);
    CHECK(whole.fault == dripped.fault);
    return whole.fault;
}

}  // namespace

TEST_CASE("messages come out whole and in order, however the bytes are cut") {
    const std::string long_payload(700, 'x');
    const auto bytes = text("hello") + frame(kFinal | 0x2U, long_payload) + text("") +
                       frame(kFinal | 0x9U, "ping") + text(std::string(126, 'y'));
    for (const std::size_t step : {1U, 2U, 3U, 5U, 14U, 1000U}) {
        CAPTURE(step);
        const auto reading = read(bytes, step);
        REQUIRE(reading.messages.size() == 5);
        CHECK(reading.messages[0].payload == "hello");
        CHECK(reading.messages[0].opcode == Opcode::text);
        CHECK(reading.messages[1].payload == long_payload);
        CHECK(reading.messages[1].opcode == Opcode::binary);
        CHECK(reading.messages[2].payload.empty());
        CHECK(reading.messages[3].opcode == Opcode::ping);
        CHECK(reading.messages[4].payload.size() == 126);
        CHECK(reading.fault == FrameFault::none);
    }
}

TEST_CASE("fragments make one message, with control frames between them") {
    const auto bytes = frame(0x1U, "one ") + frame(kFinal | 0x9U, "p") + frame(0x0U, "") +
                       frame(0x0U, "two ") + frame(kFinal | 0xAU, "") +
                       frame(kFinal | 0x0U, "three") + text("next");
    for (const std::size_t step : {1U, 1000U}) {
        const auto reading = read(bytes, step);
        REQUIRE(reading.messages.size() == 4);
        CHECK(reading.messages[0].opcode == Opcode::ping);
        CHECK(reading.messages[0].payload == "p");
        CHECK(reading.messages[1].opcode == Opcode::pong);
        CHECK(reading.messages[2].opcode == Opcode::text);
        CHECK(reading.messages[2].payload == "one two three");
        CHECK(reading.messages[3].payload == "next");
    }
}

TEST_CASE("a message of exactly the limit passes and one byte more is too big") {
    CHECK(read(text(std::string(kLimit, 'x'))).messages.size() == 1);
    CHECK(fault_of(text(std::string(kLimit + 1, 'x'))) == FrameFault::too_big);
    CHECK(fault_of(frame(0x1U, std::string(kLimit, 'x')) + frame(kFinal, "y")) ==
          FrameFault::too_big);
}

TEST_CASE("an announced length that wraps around lifts no limit") {
    // RFC 6455 section 5.2 allows lengths below 2^63; a peer may write anything.
    for (const std::uint64_t length : {~0ULL, ~0ULL - 4, 1ULL << 63U, 1ULL << 32U}) {
        CAPTURE(length);
        CHECK(fault_of(header(kFinal | 0x2U, length)) == FrameFault::too_big);
        CHECK(fault_of(frame(0x2U, "0123456789") + header(0x0U, length)) == FrameFault::too_big);
    }
}

TEST_CASE("a length must be in the shortest form") {
    CHECK(fault_of(header(kFinal | 0x2U, 125, 16)) == FrameFault::long_encoding);
    CHECK(fault_of(header(kFinal | 0x2U, 126, 16)) == FrameFault::none);
    CHECK(fault_of(header(kFinal | 0x2U, 0xFFFF, 64)) == FrameFault::long_encoding);
}

TEST_CASE("a header that breaks the rules is refused by its first two bytes") {
    const auto basic = [](unsigned first, unsigned second) {
        return std::string{static_cast<char>(first), static_cast<char>(second)};
    };
    CHECK(fault_of(basic(kFinal | 0x41U, 0x80)) == FrameFault::reserved_bits);
    CHECK(fault_of(basic(kFinal | 0x21U, 0x80)) == FrameFault::reserved_bits);
    CHECK(fault_of(basic(kFinal | 0x19U, 0x80)) == FrameFault::reserved_bits);
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        CHECK(fault_of(basic(kFinal | opcode, 0x80)) == FrameFault::reserved_opcode);
    }
    CHECK(fault_of(basic(kFinal | 0x1U, 0x05)) == FrameFault::unmasked);
    CHECK(fault_of(basic(0x9U, 0x80)) == FrameFault::fragmented_control);
    CHECK(fault_of(basic(kFinal | 0x9U, 0xFE)) == FrameFault::long_control);
    CHECK(fault_of(basic(kFinal | 0x0U, 0x80)) == FrameFault::bad_continuation);
    CHECK(fault_of(frame(0x1U, "a") + basic(kFinal | 0x2U, 0x80)) == FrameFault::bad_continuation);
}

TEST_CASE("bad UTF-8 in text is noticed at its first byte, not at the end") {
    auto bytes = frame(0x1U, "\xCE\xBA") + frame(0x0U, std::string("ok\xF4\x90") + "never read");
    const auto reading = read(bytes, 1);
    CHECK(reading.fault == FrameFault::bad_utf8);
    CHECK(reading.taken == bytes.size() - std::string{"never read"}.size());
}

TEST_CASE("text may not end inside a character, in one frame or in fragments") {
    CHECK(fault_of(text("abc\xC3")) == FrameFault::bad_utf8);
    CHECK(fault_of(frame(0x1U, "abc") + frame(kFinal, "\xE2\x82")) == FrameFault::bad_utf8);
    CHECK(fault_of(frame(0x1U, "abc\xE2") + frame(kFinal, "\x82\xAC")) == FrameFault::none);
    CHECK(fault_of(frame(kFinal | 0x2U, "\xC3\xFF")) == FrameFault::none);
}

TEST_CASE("a close frame has a code that may be sent and a reason in UTF-8, or nothing") {
    const auto close = [](unsigned code, const std::string& reason) {
        std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
        return frame(kFinal | 0x8U, payload + reason);
    };
    CHECK(read(frame(kFinal | 0x8U, "")).messages.size() == 1);
    CHECK(read(close(1000, std::string(123, 'r'))).messages.size() == 1);
    for (const unsigned code : {1000U, 1003U, 1007U, 1011U, 1012U, 1013U, 3000U, 4999U}) {
        CHECK(fault_of(close(code, "")) == FrameFault::none);
    }
    for (const unsigned code :
         {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
        CAPTURE(code);
        CHECK(fault_of(close(code, "")) == FrameFault::bad_close);
    }
    CHECK(fault_of(frame(kFinal | 0x8U, "\x03")) == FrameFault::bad_close);
    CHECK(fault_of(close(1000, "\xC3\x28")) == FrameFault::bad_utf8);
    CHECK(fault_of(close(1000, "\xC3")) == FrameFault::bad_utf8);
}

TEST_CASE("what follows a close frame is not looked at") {
    const auto reading = read(frame(kFinal | 0x8U, "") + std::string(50, '\xFF'), 7);
    CHECK(reading.messages.size() == 1);
    CHECK(reading.fault == FrameFault::none);
}

TEST_CASE("after a fault nothing more is taken") {
    FrameReader reader{kLimit};
    std::string bad(2, '\xFF');
    std::string good = text("late");
    CHECK(reader.consume(reinterpret_cast<unsigned char*>(bad.data()), bad.size()) == 2);
    CHECK(reader.consume(reinterpret_cast<unsigned char*>(good.data()), good.size()) == 0);
    CHECK_FALSE(reader.ready());
}

}  // namespace dm::net
