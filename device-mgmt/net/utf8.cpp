#include "device-mgmt/net/utf8.hpp"

#include <cstring>

namespace dm::net {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

/// How many of the first bytes are ASCII, in whole steps of eight.
std::size_t ascii_run(const unsigned char* data, std::size_t size) {
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= size; at += sizeof word) {
        std::memcpy(&word, data + at, sizeof word);
        if ((word & kHighBits) != 0) {
            break;
        }
    }
    return at;
}

}  // namespace

bool Utf8Check::lead(unsigned char byte) {
    low_ = 0x80;
    high_ = 0xBF;
    if (byte < 0x80) {
        return true;
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        missing_ = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        missing_ = 2;
        low_ = byte == 0xE0 ? 0xA0 : 0x80;
        high_ = byte == 0xED ? 0x9F : 0xBF;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        missing_ = 3;
        low_ = byte == 0xF0 ? 0x90 : 0x80;
        high_ = byte == 0xF4 ? 0x8F : 0xBF;
    } else {
        return false;
    }
    return true;
}

bool Utf8Check::feed(const unsigned char* data, std::size_t size) {
    for (std::size_t at = 0; at < size;) {
        if (missing_ == 0) {
            at += ascii_run(data + at, size - at);
            if (at < size && !lead(data[at++])) {
                return false;
            }
            continue;
        }
        const unsigned char byte = data[at++];
        if (byte < low_ || byte > high_) {
            return false;
        }
        low_ = 0x80;
        high_ = 0xBF;
        --missing_;
    }
    return true;
}

}  // namespace dm::net
