#include "device-mgmt/core/deadline_queue.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::core::DeadlineQueue;
using dm::core::Instant;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart(1h);

}  // namespace

TEST_CASE("deadlines come out in order of time, then of number, and not before they are due") {
    DeadlineQueue<std::string> queue;
    CHECK_FALSE(queue.next());
    queue.set(kStart + 2s, 1, "late");
    queue.set(kStart + 1s, 3, "second");
    queue.set(kStart + 1s, 2, "first");
    CHECK(queue.next() == kStart + 1s);
    CHECK_FALSE(queue.pop_due(kStart + 999ms));
    CHECK(queue.pop_due(kStart + 1s)->second == "first");
    CHECK(queue.pop_due(kStart + 1s)->first == 3);
    CHECK_FALSE(queue.pop_due(kStart + 1s));
    CHECK(queue.pop_due(kStart + 1h)->second == "late");
    CHECK_FALSE(queue.pop_due(kStart + 1h));
    CHECK(queue.size() == 0);
}

TEST_CASE("a removed deadline is gone at once") {
    DeadlineQueue<int> queue;
    queue.set(kStart, 1, 10);
    queue.set(kStart, 2, 20);
    queue.remove(kStart, 1);
    queue.remove(kStart + 1s, 2);  // another moment: not this entry
    queue.remove(kStart, 7);
    CHECK(queue.size() == 1);
    CHECK(queue.pop_due(kStart)->second == 20);
    CHECK_FALSE(queue.next());
}
