#include "protocol/uuid.hpp"

#include <array>
#include <cstddef>

namespace dm::proto {

namespace {

/// `digits` lower-case hex digits of `value`, its low end.
void append_hex(std::string& out, std::uint64_t value, std::size_t digits) {
    constexpr std::array<char, 17> kDigits{"0123456789abcdef"};
    for (std::size_t i = digits; i-- > 0;) {
        out += kDigits.at((value >> (4 * i)) & 0xfU);
    }
}

}  // namespace

std::string make_uuid(WallTime now, std::uint64_t random_a, std::uint64_t random_b) {
    constexpr std::uint64_t kVersion = 0x7000;
    constexpr std::uint64_t kVariant = 0x8000000000000000ULL;
    const auto ms = static_cast<std::uint64_t>(now.time_since_epoch().count());
    const std::uint64_t tail = (random_b >> 2U) | kVariant;
    std::string out;
    append_hex(out, ms >> 16U, 8);
    out += '-';
    append_hex(out, ms, 4);
    out += '-';
    append_hex(out, kVersion | (random_a & 0x0fffU), 4);
    out += '-';
    append_hex(out, tail >> 48U, 4);
    out += '-';
    append_hex(out, tail, 12);
    return out;
}

}  // namespace dm::proto
