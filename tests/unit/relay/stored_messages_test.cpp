#include "device-mgmt/relay/stored_messages.hpp"

#include <chrono>
#include <vector>

#include <doctest/doctest.h>

using dm::core::Instant;
using dm::relay::StoredMessages;
using namespace std::chrono_literals;
using Numbers = std::vector<std::uint64_t>;

TEST_CASE("an acknowledged message is forgotten after a minute") {
    StoredMessages stored;
    stored.acknowledged(1, Instant(0s));
    stored.acknowledged(2, Instant(30s));
    CHECK(stored.take_expired(Instant(59s)).empty());
    CHECK(stored.take_expired(Instant(60s)) == Numbers{1});
    CHECK(stored.take_expired(Instant(90s)) == Numbers{2});
    CHECK(stored.tail() == 0);
}

TEST_CASE("what a broker acknowledged before it went is to be read again") {
    StoredMessages stored;
    stored.acknowledged(1, Instant(0s));
    stored.acknowledged(2, Instant(1s));
    stored.distrust_broker();
    CHECK(stored.unread() == 2);
    CHECK(stored.take_expired(Instant(1h)).empty());
    CHECK(stored.take_unread(1) == Numbers{1});
    CHECK(stored.take_unread(5) == Numbers{2});
}

TEST_CASE("at its bound the tail gives up the oldest before their time") {
    StoredMessages stored;
    for (std::uint64_t number = 1; number <= StoredMessages::kMaxTail + 2; ++number) {
        stored.acknowledged(number, Instant(0s));
    }
    CHECK(stored.take_expired(Instant(0s)) == Numbers{1, 2});
}

TEST_CASE("of the refused messages the latest stay in the store") {
    StoredMessages stored;
    for (std::uint64_t number = 1; number <= StoredMessages::kMaxParked + 1; ++number) {
        stored.parked(number);
    }
    CHECK(stored.take_expired(Instant(0s)) == Numbers{1});
}
