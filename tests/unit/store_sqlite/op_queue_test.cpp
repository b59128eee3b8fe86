#include "device-mgmt/store/op_queue.hpp"

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using dm::store::EpochOp;
using dm::store::ImportedOp;
using dm::store::Op;
using dm::store::OpQueue;
using namespace std::chrono_literals;

namespace {

std::vector<Op> calls(std::size_t count) {
    std::vector<Op> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.emplace_back(EpochOp{i});
    }
    return made;
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
