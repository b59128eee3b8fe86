#include "device-mgmt/broker/backoff.hpp"

#include <algorithm>

namespace dm::broker {

Backoff::Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max)
    : min_(min), max_(std::max(min, max)), ceiling_(min) {}

std::chrono::milliseconds Backoff::next(double random) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double, std::milli>(ceiling_) * random);
    ceiling_ = std::min(ceiling_ * 2, max_);
    return wait;
}

void Backoff::reset() {
    ceiling_ = min_;
}

}  // namespace dm::broker
