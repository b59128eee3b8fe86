#include "device-mgmt/broker/backoff.hpp"

#include <chrono>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::broker::Backoff;

TEST_CASE("a back-off doubles its ceiling up to the maximum and starts over after a reset") {
    Backoff backoff(200ms, 1000ms);
    constexpr double kAlmostOne = 0.9999999;
    CHECK(backoff.next(kAlmostOne) == 199ms);
    CHECK(backoff.next(kAlmostOne) == 399ms);
    CHECK(backoff.next(kAlmostOne) == 799ms);
    CHECK(backoff.next(kAlmostOne) == 999ms);
    CHECK(backoff.next(kAlmostOne) == 999ms);
    backoff.reset();
    CHECK(backoff.next(kAlmostOne) == 199ms);
}

TEST_CASE("the jitter is full: a wait can be nothing, or half of the ceiling") {
    Backoff backoff(200ms, 1000ms);
    CHECK(backoff.next(0.0) == 0ms);
    CHECK(backoff.next(0.5) == 200ms);
}
