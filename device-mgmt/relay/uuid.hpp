#pragma once

#include "protocol/time.hpp"

#include <cstdint>
#include <random>
#include <string>

namespace dm::relay {

/// Makes UUIDs of version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, 74 random bits.
/// Not secrets. One thread.
class UuidSource {
public:
    UuidSource();

    /// The same seed and times make the same UUIDs: for runs that can be repeated.
    explicit UuidSource(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] std::string next(proto::WallTime now);

private:
    std::mt19937_64 random_;
};

}  // namespace dm::relay
