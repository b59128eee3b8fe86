#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

namespace dm::simulation {

/// All that is left to chance in one run. The engine's numbers are fixed by the C++ standard, and
/// no distribution of a library is used: a seed gives the same run everywhere.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] std::uint64_t number() { return engine_(); }

    /// 0 … bound − 1.
    [[nodiscard]] unsigned below(unsigned bound) {
        return static_cast<unsigned>((engine_() >> 32U) % bound);
    }

    [[nodiscard]] bool one_in(unsigned times) { return below(times) == 0; }

    template <typename T, std::size_t N>
    [[nodiscard]] const T& of(const std::array<T, N>& values) {
        return values[below(N)];
    }

    [[nodiscard]] std::chrono::milliseconds between(std::chrono::milliseconds least,
                                                    std::chrono::milliseconds most) {
        return least +
               std::chrono::milliseconds(below(static_cast<unsigned>((most - least).count()) + 1));
    }

    /// How long something takes that is quick as a rule: a few ms, now and then much longer.
    [[nodiscard]] std::chrono::milliseconds hop() {
        const unsigned luck = below(64);
        if (luck == 0) {
            return std::chrono::milliseconds(below(2000));
        }
        return std::chrono::milliseconds(luck < 16 ? below(100) : below(4));
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace dm::simulation
