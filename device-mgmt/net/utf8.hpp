#pragma once

#include <cstddef>
#include <cstdint>

namespace dm::net {

/// Checks UTF-8 (RFC 3629) that arrives in pieces and notices the first impossible byte: no
/// overlong forms, no surrogates, nothing above U+10FFFF.
class Utf8Check {
public:
    /// False from the first byte that cannot be part of valid text.
    [[nodiscard]] bool feed(const unsigned char* data, std::size_t size);

    /// The text does not end inside a character.
    [[nodiscard]] bool complete() const { return missing_ == 0; }

    void reset() { *this = {}; }

private:
    [[nodiscard]] bool lead(unsigned char byte);

    std::uint8_t missing_ = 0;  ///< continuation bytes still to come
    /// Bounds of the next continuation byte; narrower than 80–BF after E0, ED, F0 and F4.
    std::uint8_t low_ = 0x80;
    std::uint8_t high_ = 0xBF;
};

}  // namespace dm::net
