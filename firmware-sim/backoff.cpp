#include "firmware-sim/backoff.hpp"

#include <algorithm>

namespace dm::sim {

std::chrono::milliseconds Backoff::jitter(Random& random) {
    const auto wait = random.between(std::chrono::milliseconds{0}, ceiling_);
    ceiling_ = std::min(ceiling_ * 2, last_ceiling_);
    return wait;
}

std::chrono::milliseconds Backoff::after_refusal(
    Random& random, std::optional<std::chrono::milliseconds> retry_after) {
    return retry_after.value_or(std::chrono::milliseconds{0}) + jitter(random);
}

std::chrono::milliseconds Backoff::after_session(
    Random& random,
    std::chrono::milliseconds lasted,
    std::optional<std::chrono::milliseconds> retry_after) {
    if (lasted >= kStable) {
        ceiling_ = std::min(kFirstCeiling, last_ceiling_);
    }
    return retry_after ? *retry_after : jitter(random);
}

}  // namespace dm::sim
