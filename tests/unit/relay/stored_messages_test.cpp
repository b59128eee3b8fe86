#include "device-mgmt/relay/stored_messages.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
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

TEST_CASE("what is unread is taken in order, so many at once") {
    StoredMessages stored;
    for (const std::uint64_t number : {1U, 2U, 3U}) {
        stored.add(number);
    }
    CHECK(stored.take_unread(2) == Numbers{1, 2});
    CHECK(stored.take_unread(5) == Numbers{3});
    CHECK(stored.unread() == 0);
}

TEST_CASE("what a broker acknowledged before it went is to be read again") {
    StoredMessages stored;
    stored.acknowledged(1, Instant(0s));
    stored.acknowledged(2, Instant(1s));
    stored.distrust_broker();
    CHECK(stored.unread() == 0);
    CHECK(stored.doubted() == 2);
    CHECK(stored.take_expired(Instant(1h)).empty());
    CHECK(stored.take_doubted() == Numbers{1, 2});
    CHECK(stored.take_doubted().empty());
}

TEST_CASE("however many are doubted, all are through within a minute") {
    for (const std::size_t messages : {std::size_t{1000}, StoredMessages::kMaxTail}) {
        CAPTURE(messages);
        StoredMessages stored;
        for (std::uint64_t number = 1; number <= messages; ++number) {
            stored.add_doubted(number);
        }
        std::chrono::milliseconds took{};
        std::size_t most = 0;
        while (stored.doubted() > 0) {
            most = std::max(most, stored.take_doubted().size());
            took += StoredMessages::kPaceStep;
        }
        CHECK(took <= StoredMessages::kTail);
        CHECK(most <= std::max(StoredMessages::kLeastPace, messages / 200));
    }
}

TEST_CASE("doubted messages count to the bound, and are the oldest") {
    StoredMessages stored;
    stored.acknowledged(1, Instant(0s));
    stored.acknowledged(2, Instant(0s));
    stored.distrust_broker();
    for (std::uint64_t number = 3; number <= StoredMessages::kMaxTail + 1; ++number) {
        stored.acknowledged(number, Instant(0s));
    }
    CHECK(stored.take_expired(Instant(0s)) == Numbers{1});
    CHECK(stored.take_doubted() == Numbers{2});
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
