#pragma once

#include "firmware-sim/random.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace dm::sim {

/// When to try again after a connection was refused or lost. Never gives up.
///
/// Capped full jitter: uniform in [0, ceiling), the ceiling doubling from 1 s to 60 s with every
/// attempt and starting over after a session that lasted kStable. A peer that says when to come
/// back is believed instead.
class Backoff {
public:
    static constexpr std::chrono::milliseconds kFirstCeiling{1000};
    static constexpr std::chrono::milliseconds kLastCeiling{60'000};
    static constexpr std::chrono::milliseconds kStable{10'000};

    explicit Backoff(std::chrono::milliseconds last_ceiling = kLastCeiling)
        : ceiling_(std::min(kFirstCeiling, last_ceiling)), last_ceiling_(last_ceiling) {}

    /// After an attempt that led to no session. `retry_after` is an HTTP Retry-After: whole
    /// seconds, the same for everybody, so the jitter is added to it.
    [[nodiscard]] std::chrono::milliseconds after_refusal(
        Random& random, std::optional<std::chrono::milliseconds> retry_after);

    /// After a session that lasted `lasted`. `retry_after` is this device's own slot (`reconnect`
    /// frame or close reason) and is kept to exactly.
    [[nodiscard]] std::chrono::milliseconds after_session(
        Random& random,
        std::chrono::milliseconds lasted,
        std::optional<std::chrono::milliseconds> retry_after);

private:
    [[nodiscard]] std::chrono::milliseconds jitter(Random& random);

    std::chrono::milliseconds ceiling_;
    std::chrono::milliseconds last_ceiling_;
};

}  // namespace dm::sim
