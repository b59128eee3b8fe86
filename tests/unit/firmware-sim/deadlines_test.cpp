#include "firmware-sim/deadlines.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::sim::Deadlines;
using dm::sim::Instant;

TEST_SUITE("firmware-sim/deadlines") {
    TEST_CASE("a new deadline replaces the old one, and max() removes it") {
        const Instant t0{};
        Deadlines deadlines{3};
        CHECK(deadlines.earliest() == Instant::max());
        deadlines.set(0, t0 + 5s);
        deadlines.set(1, t0 + 3s);
        deadlines.set(2, t0 + 4s);
        deadlines.set(1, t0 + 9s);
        deadlines.set(2, Instant::max());
        CHECK(deadlines.earliest() == t0 + 5s);
        CHECK(deadlines.take_due(t0 + 4999ms).empty());
        CHECK(deadlines.take_due(t0 + 10s) == std::vector<std::uint32_t>{0, 1});
        CHECK(deadlines.earliest() == Instant::max());
    }
}
