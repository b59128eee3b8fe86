#pragma once

#include <cstdint>

namespace dm::core {

/// Names one session of this process for ever: session numbers are never used again. This, never a
/// pointer, is what crosses threads.
struct SessionRef {
    std::uint32_t shard = 0;
    std::uint64_t session = 0;

    friend bool operator==(const SessionRef& a, const SessionRef& b) {
        return a.session == b.session && a.shard == b.shard;
    }

    friend bool operator!=(const SessionRef& a, const SessionRef& b) { return !(a == b); }
};

}  // namespace dm::core
