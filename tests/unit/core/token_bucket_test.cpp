#include "device-mgmt/core/token_bucket.hpp"

#include <doctest/doctest.h>

using dm::core::Instant;
using dm::core::TokenBucket;
using namespace std::chrono_literals;

namespace {

int take_all(TokenBucket& bucket, Instant now) {
    int taken = 0;
    while (taken < 1000 && bucket.take(now)) {
        ++taken;
    }
    return taken;
}

}  // namespace

TEST_CASE("a bucket gives its burst, then its rate") {
    const Instant start(1h);
    TokenBucket bucket(8, 40, start);  // every eighth of a second is exact in binary
    CHECK(take_all(bucket, start) == 40);
    CHECK(take_all(bucket, start + 124ms) == 0);
    CHECK(take_all(bucket, start + 126ms) == 1);
    CHECK(take_all(bucket, start + 1126ms) == 8);
}

TEST_CASE("a bucket never holds more than its burst") {
    const Instant start(1h);
    TokenBucket bucket(10, 40, start);
    CHECK(take_all(bucket, start + 24h) == 40);
}

TEST_CASE("what is refused costs nothing") {
    const Instant start(1h);
    TokenBucket bucket(1, 1, start);
    CHECK(bucket.take(start));
    for (int i = 1; i < 100; ++i) {
        CHECK_FALSE(bucket.take(start + i * 10ms));
    }
    CHECK(bucket.take(start + 1001ms));
}
