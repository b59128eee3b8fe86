#pragma once

#include "device-mgmt/core/clock.hpp"

#include <chrono>

namespace dm::test {

/// Both clocks, moved by hand and only by hand.
class ManualClock {
public:
    [[nodiscard]] const core::Moment& now() const { return now_; }

    void advance(std::chrono::milliseconds by) {
        now_.mono += by;
        now_.wall += by;
    }

    /// Somebody sets the wall clock; the monotonic one does not notice.
    void step_wall(std::chrono::milliseconds by) { now_.wall += by; }

private:
    core::Moment now_{core::Instant(std::chrono::hours(1)),
                      proto::WallTime(std::chrono::milliseconds(1'800'000'000'000))};
};

}  // namespace dm::test
