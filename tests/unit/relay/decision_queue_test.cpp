#include "device-mgmt/relay/decision_queue.hpp"

#include <vector>

#include <doctest/doctest.h>

using dm::relay::DecisionQueue;
using dm::store::Lsn;

namespace {

struct Records {
    void ready(Lsn lsn) {
        queue.ready(lsn, [this, lsn] { decided.push_back(lsn); });
        while (const auto next = queue.take()) {
            CHECK(decided.size() == taken);
            next->decide();
            CHECK(decided.back() == next->lsn);
            ++taken;
        }
    }

    DecisionQueue queue;
    std::vector<Lsn> decided;
    std::size_t taken = 0;
};

}  // namespace

TEST_CASE("records are decided in their order, in whatever order they are ready") {
    Records records;
    for (const Lsn lsn : {11U, 12U, 13U}) {
        records.queue.begin(lsn);
    }
    records.ready(12);
    records.ready(13);
    CHECK(records.decided.empty());
    CHECK(records.queue.open() == 3);
    records.ready(11);
    CHECK(records.decided == std::vector<Lsn>{11, 12, 13});
    CHECK(records.queue.open() == 0);
}

TEST_CASE("a gap, which damage of the log leaves, is passed") {
    Records records;
    records.queue.begin(10);
    records.queue.begin(20);
    records.ready(10);
    records.ready(20);
    CHECK(records.decided == std::vector<Lsn>{10, 20});
}

TEST_CASE("what was never begun, or is ready twice, changes nothing") {
    Records records;
    records.queue.begin(1);
    records.queue.begin(2);
    records.ready(3);
    records.ready(1);
    records.ready(1);
    CHECK(records.decided == std::vector<Lsn>{1});
    CHECK(records.queue.open() == 1);
}
