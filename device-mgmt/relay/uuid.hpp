#pragma once

#include "protocol/time.hpp"

#include <random>
#include <string>

namespace dm::relay {

/// Makes UUIDs of version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, 74 random bits.
/// Not secrets. One thread.
class UuidSource {
public:
    UuidSource();

    [[nodiscard]] std::string next(proto::WallTime now);

private:
    std::mt19937_64 random_;
};

}  // namespace dm::relay
