#pragma once

#include <chrono>

namespace dm::broker {

/// Full-jitter back-off: each wait is a uniform part of a ceiling that doubles up to a maximum, so
/// a crowd of clients that lost the same broker does not come back in step. No clock, no generator
/// of its own. One thread.
class Backoff {
public:
    Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max);

    /// The next wait. `random` is uniform in [0, 1).
    [[nodiscard]] std::chrono::milliseconds next(double random);

    /// The next wait is short again; for a connection that has proved itself.
    void reset();

private:
    std::chrono::milliseconds min_;
    std::chrono::milliseconds max_;
    std::chrono::milliseconds ceiling_;
};

}  // namespace dm::broker
