#pragma once

#include <chrono>
#include <cstdint>

namespace dm::sim {

/// SplitMix64: eight bytes of state, so that every one of many devices can own one. Not for
/// secrets.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }

    /// Uniform in [0, 1).
    [[nodiscard]] double fraction() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

    [[nodiscard]] bool chance(double probability) {
        return probability > 0 && fraction() < probability;
    }

    /// Uniform in [low, high).
    [[nodiscard]] double between(double low, double high) {
        return low + fraction() * (high - low);
    }

    template <class Span>
    [[nodiscard]] Span between(Span low, Span high) {
        const auto width = static_cast<double>((high - low).count());
        return low + Span{static_cast<typename Span::rep>(fraction() * width)};
    }

private:
    std::uint64_t state_;
};

}  // namespace dm::sim
