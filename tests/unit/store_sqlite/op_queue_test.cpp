#include "device-mgmt/store/op_queue.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using dm::store::EpochOp;
using dm::store::ImportedOp;
using dm::store::Op;
using dm::store::OpQueue;
using dm::store::QueryOp;
using namespace std::chrono_literals;

namespace {

std::vector<Op> calls(std::size_t count) {
    std::vector<Op> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.emplace_back(EpochOp{i});
    }
    return made;
}

/// Somebody waits for it.
Op urgent_call() {
    return QueryOp{};
}

void push_each(OpQueue& queue, std::vector<Op> ops) {
    for (Op& op : ops) {
        std::vector<Op> one;
        one.push_back(std::move(op));
        queue.push(std::move(one));
    }
}

}  // namespace

TEST_CASE("a batch takes no more than its bound") {
    OpQueue queue;
    push_each(queue, calls(OpQueue::kMaxBatch + 5));
    CHECK(queue.take().size() == OpQueue::kMaxBatch);
    CHECK(queue.take().size() == 5);
    CHECK(queue.take().empty());
}

TEST_CASE("calls that belong together are in one batch, the bound or not") {
    OpQueue queue;
    push_each(queue, calls(OpQueue::kMaxBatch - 1));
    queue.push(calls(3));
    queue.push({ImportedOp{7}});
    CHECK(queue.take().size() == OpQueue::kMaxBatch + 2);
    const std::vector<Op> rest = queue.take();
    REQUIRE(rest.size() == 1);
    CHECK(std::get<ImportedOp>(rest[0]).lsn == 7);
    CHECK(queue.size() == 0);
}

TEST_CASE("a call wakes the writer though another thread took those that had woken it before") {
    constexpr auto kPatience = 5s;
    OpQueue queue;
    std::atomic<bool> last{false};
    auto writer = std::async(std::launch::async, [&] {
        auto longest = 0ns;
        while (!last) {
            const auto begun = std::chrono::steady_clock::now();
            queue.wait(kPatience);
            longest = std::max<std::chrono::nanoseconds>(longest,
                                                         std::chrono::steady_clock::now() - begun);
        }
        return longest;
    });
    for (int i = 0; i < 10'000; ++i) {
        queue.push({urgent_call()});
        (void)queue.take();
    }
    last = true;
    queue.push({urgent_call()});
    CHECK(writer.get() < kPatience);
}
