#include "device-mgmt/broker/send_queue.hpp"

#include "device-mgmt/broker/mqtt_broker.hpp"

#include <doctest/doctest.h>

using namespace dm::broker;

namespace {

OutboundMessage message(const std::string& payload) {
    OutboundMessage made;
    made.payload = payload;
    return made;
}

}  // namespace

TEST_CASE("messages leave in order, a batch at a time, into slots of the window") {
    SendWindow window;
    window.reset(100);
    SendQueue queue;
    for (std::size_t i = 0; i < SendQueue::kBatch + 1; ++i) {
        queue.push(message(std::to_string(i)), i + 1, 10);
    }
    const auto first = queue.take(window, 0);
    REQUIRE(first.size() == SendQueue::kBatch);
    CHECK(first.front().message.payload == "0");
    CHECK(window.bytes() == SendQueue::kBatch * 10);
    const auto second = queue.take(window, 0);
    REQUIRE(second.size() == 1);
    CHECK(window.give_back(second.front().slot) == SendQueue::kBatch + 1);
    CHECK(queue.empty());
}

TEST_CASE("nothing leaves beyond the window or the bytes of the socket") {
    SendWindow window;
    window.reset(1);
    SendQueue queue;
    queue.push(message("a"), 1, 10);
    queue.push(message("b"), 2, 10);
    CHECK(queue.take(window, kMaxInFlightBytes - 9).empty());
    CHECK(queue.take(window, kMaxInFlightBytes - 10).size() == 1);
    CHECK(queue.take(window, 0).empty());
    CHECK(queue.give_up() == std::vector<PublishTicket>{2});
    CHECK(queue.empty());
}

TEST_CASE("a message larger than the socket goes alone") {
    SendWindow window;
    window.reset(10);
    SendQueue queue;
    queue.push(message("large"), 1, kMaxInFlightBytes * 2);
    queue.push(message("small"), 0, 1);
    CHECK(queue.take(window, 1).empty());
    const auto taken = queue.take(window, 0);
    REQUIRE(taken.size() == 1);
    CHECK(queue.take(window, 0).empty());
    CHECK(queue.give_up().empty());
}

TEST_CASE("QoS 0 gives way from half of the queue on") {
    SendQueue queue;
    for (std::size_t i = 0; i < kMaxQueuedPublishes / 2; ++i) {
        queue.push(message(""), 0, 1);
    }
    CHECK_FALSE(queue.has_room(0, 1));
    CHECK(queue.has_room(1, 1));
    CHECK_FALSE(queue.has_room(1, kMaxQueuedBytes));
}
