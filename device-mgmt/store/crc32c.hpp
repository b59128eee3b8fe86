#pragma once

#include <cstdint>
#include <string_view>

namespace dm::store {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, continued from the CRC of what came
/// before them. By the processor's instruction where there is one.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

/// The same from a table, whatever the processor.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0);

}  // namespace dm::store
