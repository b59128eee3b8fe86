#include "device-mgmt/relay/epoch_reserve.hpp"

#include <vector>

#include <doctest/doctest.h>

using dm::proto::WallTime;
using dm::relay::EpochReserve;

TEST_CASE("the stored epoch is always well above the highest that was given out") {
    std::vector<std::uint64_t> stored;
    EpochReserve reserve(0, [&](std::uint64_t epoch) { stored.push_back(epoch); });
    const std::uint64_t start = 1'800'000'000'000;
    std::uint64_t last = 0;
    for (std::uint64_t ms = 0; ms < 300'000; ms += 5000) {
        reserve.cover(last, WallTime(std::chrono::milliseconds(start + ms)));
        last = std::max(last + 1, start + ms);
        REQUIRE_FALSE(stored.empty());
        CHECK(last + EpochReserve::kMargin <= stored.back());
    }
    CHECK(stored.size() < 10);
}

TEST_CASE("with the clock set back epochs go on above the stored one") {
    std::vector<std::uint64_t> stored;
    EpochReserve reserve(5'000'000, [&](std::uint64_t epoch) { stored.push_back(epoch); });
    reserve.cover(5'000'000, WallTime(std::chrono::milliseconds(1)));
    REQUIRE(stored.size() == 1);
    CHECK(stored[0] > 5'000'001 + EpochReserve::kMargin);
}
