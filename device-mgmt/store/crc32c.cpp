#include "device-mgmt/store/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace dm::store {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78U;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
        }
        table.at(byte) = crc;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view bytes,
                                                             std::uint32_t before) {
    std::uint64_t crc = ~before;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        crc = _mm_crc32_u64(crc, word);
        at += sizeof word;
    }
    auto tail = static_cast<std::uint32_t>(crc);
    for (; left > 0; --left) {
        tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*at++));
    }
    return ~tail;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    for (const char byte : bytes) {
        const std::uint32_t index = (crc ^ static_cast<unsigned char>(byte)) & 0xffU;
        crc = (crc >> 8U) ^ kTable.at(index);
    }
    return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
    static const bool has_instruction = static_cast<bool>(__builtin_cpu_supports("sse4.2"));
    if (has_instruction) {
        return crc32c_sse42(bytes, before);
    }
#endif
    return crc32c_portable(bytes, before);
}

}  // namespace dm::store
