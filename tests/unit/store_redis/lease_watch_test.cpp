#include "device-mgmt/redis/lease_watch.hpp"

#include "tests/support/store_samples.hpp"

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using store::Lease;

namespace {

redis::LeaseWatch begun() {
    redis::LeaseWatch watch(3s, 7s);
    watch.begin(kStart.mono, "token");
    return watch;
}

core::Instant after(core::Duration time) {
    return kStart.mono + time;
}

}  // namespace

TEST_CASE("a lease is renewed every few seconds") {
    redis::LeaseWatch watch = begun();
    CHECK_FALSE(watch.due(after(2999ms)));
    CHECK(watch.until_due(after(1s)) == 2s);
    CHECK(watch.due(after(3s)));
    CHECK(watch.until_due(after(9s)) == 0s);
    CHECK_FALSE(watch.renewed(after(3s), "token").has_value());
    CHECK_FALSE(watch.due(after(5s)));
}

TEST_CASE("it is doubtful once, as long as no renewal comes") {
    redis::LeaseWatch watch = begun();
    CHECK_FALSE(watch.look(after(6999ms)).has_value());
    CHECK(watch.look(after(7s)) == Lease::doubtful);
    CHECK_FALSE(watch.look(after(8s)).has_value());
    CHECK(watch.renewed(after(8s), "token") == Lease::held);
    CHECK_FALSE(watch.look(after(14s)).has_value());
    CHECK(watch.look(after(15s)) == Lease::doubtful);
}

TEST_CASE("a new token tells that it had run out, also when an answer was lost in between") {
    redis::LeaseWatch watch = begun();
    CHECK(watch.look(after(8s)) == Lease::doubtful);
    CHECK(watch.renewed(after(12s), "another") == Lease::lapsed);
    CHECK_FALSE(watch.renewed(after(15s), "another").has_value());
    CHECK(watch.renewed(after(16s), "third") == Lease::lapsed);
}
