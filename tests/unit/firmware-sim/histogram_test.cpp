#include "firmware-sim/histogram.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::sim::Histogram;

TEST_SUITE("firmware-sim/histogram") {
    TEST_CASE("quantiles are at most 1.6 % above the exact ones and never above the maximum") {
        Histogram histogram;
        for (int i = 1; i <= 100'000; ++i) {
            histogram.record(std::chrono::microseconds{i});
        }
        for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
            const auto exact = share * 100'000;
            const auto found = static_cast<double>(histogram.quantile(share).count());
            CHECK(found >= exact);
            CHECK(found <= exact * 1.016);
        }
        CHECK(histogram.quantile(1).count() == 100'000);
        CHECK(histogram.max() == 100ms);
        CHECK(histogram.count() == 100'000);
    }

    TEST_CASE("an empty histogram answers 0") {
        CHECK(Histogram{}.quantile(0.5) == 0us);
        CHECK(Histogram{}.max() == 0us);
    }

    TEST_CASE("what is out of range counts at the edge") {
        Histogram histogram;
        histogram.record(-5us);
        histogram.record(std::chrono::hours{1000});
        CHECK(histogram.quantile(0.5) == 0us);
        CHECK(histogram.quantile(1) == Histogram::kLongest);
    }

    TEST_CASE("merging is as if all had been recorded in one") {
        Histogram a;
        Histogram b;
        for (int i = 0; i < 10; ++i) {
            a.record(1ms);
            b.record(2s);
        }
        a.merge(b);
        CHECK(a.count() == 20);
        CHECK(a.quantile(0.5) < 2ms);
        CHECK(a.quantile(0.51) >= 2s);
        CHECK(a.max() == 2s);
    }
}
