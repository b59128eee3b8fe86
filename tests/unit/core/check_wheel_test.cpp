#include "device-mgmt/core/check_wheel.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using dm::core::CheckWheel;
using dm::core::Instant;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart(1h);

}  // namespace

TEST_CASE("an entry of the wheel is due between its moment and one tick later") {
    std::mt19937_64 random(7);
    std::uniform_int_distribution<int> milliseconds(0, 120'000);
    CheckWheel wheel(kStart);
    std::map<CheckWheel::Number, Instant> asked;
    Instant now = kStart;
    for (CheckWheel::Number number = 0; number < 2000; ++number) {
        now += std::chrono::milliseconds(milliseconds(random) / 500);
        const Instant when = now + std::chrono::milliseconds(milliseconds(random));
        asked[number] = when;
        const Instant promised = wheel.add(when, number);
        CHECK(promised >= when);
        CHECK(wheel.next() <= promised);
        for (const auto due : wheel.due(now)) {
            CHECK(asked.at(due) <= now);
            asked.erase(due);
        }
    }
    while (!asked.empty()) {
        now += 1ms;
        for (const auto due : wheel.due(now)) {
            REQUIRE(asked.at(due) <= now);
            REQUIRE(now - asked.at(due) <= CheckWheel::kTick);
            asked.erase(due);
        }
        REQUIRE(now < kStart + 1h);
    }
}

TEST_CASE("the wheel tells when to look next, and at that moment something is due") {
    CheckWheel wheel(kStart);
    CHECK_FALSE(wheel.next());
    wheel.add(kStart + 90s, 1);
    const Instant first = wheel.add(kStart + 123ms, 2);
    REQUIRE(wheel.next() == first);
    CHECK(wheel.due(first - 1ms).empty());
    CHECK(wheel.due(first) == std::vector<CheckWheel::Number>{2});
    const auto second = wheel.next();
    REQUIRE(second);
    CHECK(wheel.due(*second) == std::vector<CheckWheel::Number>{1});
    CHECK_FALSE(wheel.next());
}

TEST_CASE("an entry of the wheel comes once") {
    CheckWheel wheel(kStart);
    wheel.add(kStart + 1s, 1);
    wheel.add(kStart + 1s, 1);
    wheel.add(kStart + 1s, 2);
    auto due = wheel.due(kStart + 2s);
    std::sort(due.begin(), due.end());
    CHECK(due == std::vector<CheckWheel::Number>{1, 1, 2});
    CHECK(wheel.due(kStart + 10min).empty());
}

TEST_CASE("a moment in the past is due with the next tick") {
    CheckWheel wheel(kStart);
    CHECK(wheel.due(kStart + 10s).empty());
    wheel.add(kStart + 1s, 1);
    wheel.add(kStart - 1h, 2);
    CHECK(wheel.due(kStart + 10s).empty());
    CHECK(wheel.due(kStart + 10s + CheckWheel::kTick).size() == 2);
}

TEST_CASE("after a long stop everything comes at once, and nothing is lost") {
    CheckWheel wheel(kStart);
    for (CheckWheel::Number number = 0; number < 1000; ++number) {
        wheel.add(kStart + 100ms * number, number);
    }
    const Instant woken = kStart + 24h;
    CHECK(wheel.due(woken).size() == 1000);
    wheel.add(woken + 1s, 1);
    CHECK(wheel.due(woken + 999ms).empty());
    CHECK(wheel.due(woken + 1s + CheckWheel::kTick).size() == 1);
}

TEST_CASE("a stop of just once around the wheel loses nothing") {
    constexpr auto kRound = CheckWheel::kTick * CheckWheel::kSlots;
    for (const auto stop : {kRound - CheckWheel::kTick, kRound, kRound + CheckWheel::kTick}) {
        CheckWheel wheel(kStart);
        wheel.add(kStart + 1s, 1);
        wheel.add(kStart + CheckWheel::kHorizon, 2);
        CHECK(wheel.due(kStart + stop).size() == 2);
        wheel.add(kStart + stop + 1s, 3);
        CHECK(wheel.due(kStart + stop + 1500ms).size() == 1);
    }
}

TEST_CASE("a moment beyond the horizon comes early, at the horizon") {
    CheckWheel wheel(kStart);
    wheel.add(kStart + 1h, 1);
    CHECK(wheel.due(kStart + CheckWheel::kHorizon - CheckWheel::kTick).empty());
    CHECK(wheel.due(kStart + CheckWheel::kHorizon + CheckWheel::kTick).size() == 1);
}

TEST_CASE("a moment at the horizon is never early") {
    CheckWheel wheel(kStart);
    wheel.add(kStart + CheckWheel::kHorizon, 1);
    CHECK(wheel.due(kStart + CheckWheel::kHorizon - 1ms).empty());
    CHECK(wheel.due(kStart + CheckWheel::kHorizon + CheckWheel::kTick).size() == 1);
}
