#include "device-mgmt/store/key_set.hpp"

#include <random>
#include <unordered_set>
#include <vector>

#include <doctest/doctest.h>

using dm::store::KeySet;

TEST_CASE("a set that is not complete rules nothing out") {
    KeySet set;
    CHECK(set.may_contain(5));
    set.set_complete();
    CHECK_FALSE(set.may_contain(5));
    CHECK_FALSE(set.insert(5));
    CHECK(set.insert(5));
    CHECK(set.may_contain(5));
    CHECK(set.size() == 1);
}

TEST_CASE("a set agrees with the library's through inserting and erasing") {
    KeySet set;
    set.set_complete();
    std::unordered_set<std::uint64_t> expected;
    std::mt19937_64 random(3);
    // Few distinct values in the low bits, so that probes run into each other.
    const auto value = [&] { return ((random() % 40) << 32U | random() % 64) + 1; };
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t hash = value();
        if (random() % 3 != 0) {
            CHECK(set.insert(hash) == !expected.insert(hash).second);
        } else {
            set.erase(hash);
            expected.erase(hash);
        }
    }
    CHECK(set.size() == expected.size());
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t hash = value();
        CHECK(set.may_contain(hash) == (expected.count(hash) > 0));
    }
}

TEST_CASE("a set beyond its bound gives its memory back and rules nothing out") {
    KeySet set(1024);
    set.set_complete();
    for (std::uint64_t hash = 1; hash <= 2000; ++hash) {
        set.insert(hash);
    }
    CHECK(set.may_contain(5000));
    set.erase(1);
    CHECK(set.may_contain(1));
}

TEST_CASE("hashes tell device and id apart and differ from set to set") {
    const KeySet set;
    const KeySet other;
    CHECK(set.hash("a", "bc") != set.hash("ab", "c"));
    CHECK(set.hash("a", "b") == set.hash("a", "b"));
    CHECK(set.hash("a", "b") != other.hash("a", "b"));
}
