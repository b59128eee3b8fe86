#pragma once

#include "protocol/time.hpp"

#include <chrono>

namespace dm::sim {

/// Monotonic time; what every deadline is in.
using Instant = std::chrono::steady_clock::time_point;

/// The two readings of one moment. Behaviour takes a Moment as an argument and never asks for it.
struct Moment {
    Instant mono;
    proto::WallTime wall;
};

/// Reads the clocks of the machine; the simulator's only place that does.
[[nodiscard]] Moment read_clock();

}  // namespace dm::sim
