#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// Unsigned integers as little-endian bytes, whatever the machine: for files that outlive it.
namespace dm::store {

template <class Unsigned>
void append_le(std::string& out, Unsigned value) {
    static_assert(std::is_unsigned_v<Unsigned>);
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        out.push_back(static_cast<char>((std::uint64_t{value} >> (8 * i)) & 0xffU));
    }
}

/// `bytes` must have at least sizeof(Unsigned) bytes after `at`.
template <class Unsigned>
[[nodiscard]] Unsigned read_le(std::string_view bytes, std::size_t at) {
    static_assert(std::is_unsigned_v<Unsigned>);
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(Unsigned); i-- > 0;) {
        value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
    }
    return static_cast<Unsigned>(value);
}

}  // namespace dm::store
