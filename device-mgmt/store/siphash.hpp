#pragma once

#include <cstdint>
#include <string_view>

namespace dm::store {

/// SipHash-1-3 (Aumasson and Bernstein) of `a`, a zero byte and `b`: short, fast, and without the
/// key nobody can find collisions.
[[nodiscard]] std::uint64_t siphash(std::uint64_t key0,
                                    std::uint64_t key1,
                                    std::string_view a,
                                    std::string_view b);

}  // namespace dm::store
