#pragma once

#include "protocol/time.hpp"

#include <chrono>
#include <functional>

namespace dm::core {

/// Monotonic time; what every deadline is in. It cannot be confused with wall time.
using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// The two readings of one moment. Decisions take a Moment as an argument and never ask for it.
struct Moment {
    Instant mono;
    proto::WallTime wall;
};

/// Reads the clocks of the machine; the only place that does.
[[nodiscard]] Moment read_clock();

/// Where an adapter gets the moments that it passes in: read_clock, or a clock moved by hand.
using Clock = std::function<Moment()>;

}  // namespace dm::core
