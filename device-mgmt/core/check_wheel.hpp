#pragma once

#include "device-mgmt/core/clock.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace dm::core {

/// When to look at which session again. A hashed timing wheel (Varghese and Lauck, SOSP 1987,
/// scheme 6) whose entries are never cancelled: a frame only moves the session's own `last_rx`, and
/// a look that comes too early asks for the next one. So touching is one store, and a session costs
/// 8 bytes here.
///
/// An entry is due between `when` and `when + kTick`; a `when` beyond the horizon comes due at the
/// horizon, that is early, never late. One thread.
class CheckWheel {
public:
    using Number = std::uint64_t;
    static constexpr std::chrono::milliseconds kTick{50};
    static constexpr std::size_t kSlots = 2560;
    static constexpr std::chrono::milliseconds kHorizon = kTick * (kSlots - 2);

    explicit CheckWheel(Instant now) : start_(now) {}

    /// Returns when it comes due.
    Instant add(Instant when, Number number);

    /// When the first entry comes due, if there is one. Looks at up to kSlots slots.
    [[nodiscard]] std::optional<Instant> next() const;

    /// Takes out everything that is due by `now`.
    [[nodiscard]] std::vector<Number> due(Instant now);

private:
    [[nodiscard]] std::uint64_t ticks(Instant when) const;

    Instant start_;
    std::uint64_t done_ = 0;  ///< ticks that have been emptied
    std::array<std::vector<Number>, kSlots> slots_;
};

}  // namespace dm::core
