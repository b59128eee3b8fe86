#include "device-mgmt/relay/status_queue.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using dm::core::CommandKey;
using dm::core::Instant;
using dm::relay::StatusQueue;
using Pace = StatusQueue::Pace;
using namespace std::chrono_literals;

namespace {

CommandKey key(const std::string& id) {
    return {dm::proto::DeviceId::parse("d-1").value(), id};
}

StatusQueue::Messages state(const std::string& payload) {
    dm::broker::OutboundMessage message;
    message.payload = payload;
    return {message};
}

std::string payload_of(const StatusQueue::Messages& messages) {
    return messages.empty() ? "" : messages.front().payload;
}

}  // namespace

TEST_CASE("while it is calm a state is due at once") {
    StatusQueue states;
    states.put(key("a"), state("sent"), Pace::free, Instant(1s));
    CHECK(payload_of(states.take(Instant(1s), true)) == "sent");
    CHECK(states.take(Instant(1s), true).empty());
}

TEST_CASE("a later state takes the place of one that waits") {
    StatusQueue states;
    CHECK(states.put(key("a"), state("sent of a"), Pace::free, Instant(1s)) == 0);
    states.put(key("b"), state("sent of b"), Pace::free, Instant(1s));
    CHECK(states.put(key("a"), state("delivered to a"), Pace::free, Instant(1s)) == 1);
    CHECK(states.take(Instant(1s), false).empty());
    CHECK(payload_of(states.take(Instant(1s), true)) == "delivered to a");
    CHECK(payload_of(states.take(Instant(1s), true)) == "sent of b");
}

TEST_CASE("an end removes what waits, and the next command of that id starts anew") {
    StatusQueue states;
    states.put(key("a"), state("sent"), Pace::free, Instant(1s));
    states.put(key("b"), state("sent of b"), Pace::free, Instant(2s));
    CHECK(states.ended(key("a")) == 1);
    CHECK(states.ended(key("a")) == 0);
    states.put(key("a"), state("late"), Pace::free, Instant(3s));
    CHECK(payload_of(states.take(Instant(3s), true)) == "sent of b");
    CHECK(payload_of(states.take(Instant(3s), true)) == "late");
    CHECK(states.size() == 0);
}

TEST_CASE("what has waited long enough is due under pressure, too") {
    StatusQueue states;
    states.put(key("a"), state("sent"), Pace::free, Instant(1s));
    states.put(key("a"), state("delivered"), Pace::free, Instant(1s + StatusQueue::kMaxWait / 2));
    CHECK(states.take(Instant(1s + StatusQueue::kMaxWait - 1ms), false).empty());
    CHECK(payload_of(states.take(Instant(1s + StatusQueue::kMaxWait), false)) == "delivered");
}

TEST_CASE("states that keep a pace go a few at once, the others as they come") {
    constexpr auto kAtOnce = static_cast<int>(StatusQueue::kAtOnce);
    StatusQueue states;
    const auto taken = [&](Instant now) {
        int count = 0;
        while (!states.take(now, true).empty()) {
            ++count;
        }
        return count;
    };
    for (int i = 0; i < 3 * kAtOnce; ++i) {
        states.put(key(std::to_string(i)), state("sent"), Pace::free, Instant(1s));
    }
    CHECK(taken(Instant(1s)) == 3 * kAtOnce);
    for (int i = 0; i < 3 * kAtOnce; ++i) {
        states.put(key(std::to_string(i)), state("queued"), Pace::kept, Instant(1s));
    }
    CHECK(taken(Instant(1s)) == kAtOnce);
    CHECK(taken(Instant(1s + 5ms)) == 10);
    CHECK(taken(Instant(1s + StatusQueue::kMaxWait)) == 2 * kAtOnce - 10);
}

TEST_CASE("a full queue has room for a later state of what waits, and for nothing else") {
    StatusQueue states;
    for (std::size_t i = 0; i < StatusQueue::kMaxCommands; ++i) {
        states.put(key(std::to_string(i)), state("sent"), Pace::free, Instant(1s));
    }
    CHECK(states.has_room(key("0")));
    CHECK_FALSE(states.has_room(key("new")));
    states.ended(key("0"));
    CHECK(states.has_room(key("new")));
}
