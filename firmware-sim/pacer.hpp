#pragma once

#include "firmware-sim/clock.hpp"

#include <cmath>
#include <cstdint>

namespace dm::sim {

/// How many events should have happened by now: a straight line from the start, so that a late
/// tick is made up for. Rate 0: no line, as many as the caller likes.
class Pacer {
public:
    Pacer(double per_second, Instant start) : per_second_(per_second), start_(start) {}

    [[nodiscard]] std::uint64_t due(Instant now) const {
        if (per_second_ <= 0) {
            return UINT64_MAX;
        }
        const double elapsed = std::chrono::duration<double>(now - start_).count();
        return static_cast<std::uint64_t>(std::floor(elapsed * per_second_)) + 1;
    }

private:
    double per_second_;
    Instant start_;
};

}  // namespace dm::sim
