#pragma once

#include <chrono>
#include <cstddef>

namespace dm::store {

/// How long ends are kept.
struct KeepFinished {
    std::chrono::hours age{24};
    std::size_t count = 5'000'000;
};

/// Whatever `count` says, an id is remembered this long after the command's deadline: until then
/// its publisher may still repeat it.
inline constexpr std::chrono::hours kKeepAfterDeadline{1};

}  // namespace dm::store
