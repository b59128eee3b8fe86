#pragma once

#include "protocol/time.hpp"

#include <cstdint>
#include <string>

namespace dm::proto {

/// A UUID of version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 bits of the
/// two random numbers.
[[nodiscard]] std::string make_uuid(WallTime now, std::uint64_t random_a, std::uint64_t random_b);

}  // namespace dm::proto
