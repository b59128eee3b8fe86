#include "firmware-sim/backoff.hpp"

#include <algorithm>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::sim::Backoff;
using dm::sim::Random;

TEST_SUITE("firmware-sim/backoff") {
    TEST_CASE("the ceiling doubles from 1 s to 60 s and stays there") {
        Random random{1};
        Backoff backoff;
        auto ceiling = 1000ms;
        for (int attempt = 0; attempt < 20; ++attempt) {
            const auto wait = backoff.after_refusal(random, {});
            CHECK(wait >= 0ms);
            CHECK(wait < ceiling);
            ceiling = std::min(ceiling * 2, std::chrono::milliseconds{60'000});
        }
    }

    TEST_CASE("a lower last ceiling is kept to from the first attempt on") {
        Random random{5};
        Backoff backoff{500ms};
        for (int attempt = 0; attempt < 20; ++attempt) {
            CHECK(backoff.after_refusal(random, {}) < 500ms);
        }
        CHECK(backoff.after_session(random, 1h, {}) < 500ms);
    }

    TEST_CASE("the jitter is full: waits are spread over the whole range") {
        Random random{2};
        int low = 0;
        int high = 0;
        for (int i = 0; i < 1000; ++i) {
            Backoff backoff;
            const auto wait = backoff.after_refusal(random, {});
            low += wait < 250ms ? 1 : 0;
            high += wait >= 750ms ? 1 : 0;
        }
        CHECK(low > 150);
        CHECK(high > 150);
    }

    TEST_CASE("a long session starts the ceiling over, a short one does not") {
        Random random{3};
        Backoff backoff;
        for (int i = 0; i < 10; ++i) {
            static_cast<void>(backoff.after_refusal(random, {}));
        }
        auto longest = 0ms;
        for (int i = 0; i < 50; ++i) {
            longest = std::max(longest, backoff.after_session(random, 9999ms, {}));
        }
        CHECK(longest > 1000ms);
        CHECK(backoff.after_session(random, 10'000ms, {}) < 1000ms);
    }

    TEST_CASE("a device's own slot is kept to exactly, Retry-After gets jitter on top") {
        Random random{4};
        Backoff backoff;
        CHECK(backoff.after_session(random, 1ms, 7777ms) == 7777ms);
        const auto wait = backoff.after_refusal(random, 5000ms);
        CHECK(wait >= 5000ms);
        CHECK(wait < 6000ms);
    }
}
