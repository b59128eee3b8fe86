#pragma once

#include "device-mgmt/core/clock.hpp"

#include <algorithm>
#include <chrono>

namespace dm::core {

/// `rate` per second with bursts of `burst`. Costs one multiplication a take and no timer.
class TokenBucket {
public:
    TokenBucket(double rate, double burst, Instant now)
        : rate_(rate), burst_(burst), level_(burst), last_(now) {}

    /// Takes one token if there is one.
    [[nodiscard]] bool take(Instant now) {
        const std::chrono::duration<double> passed = now - last_;
        level_ = std::min(burst_, level_ + passed.count() * rate_);
        last_ = now;
        if (level_ < 1.0) {
            return false;
        }
        level_ -= 1.0;
        return true;
    }

private:
    double rate_;
    double burst_;
    double level_;
    Instant last_;
};

}  // namespace dm::core
