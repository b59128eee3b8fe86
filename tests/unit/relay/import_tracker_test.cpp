#include "device-mgmt/relay/import_tracker.hpp"

#include <doctest/doctest.h>

using dm::relay::ImportTracker;

TEST_CASE("records are imported in order, in whatever order they are done") {
    ImportTracker tracker(10);
    for (const int lsn : {11, 12, 13}) {
        tracker.begin(static_cast<dm::store::Lsn>(lsn));
    }
    CHECK_FALSE(tracker.done(12));
    CHECK_FALSE(tracker.done(13));
    CHECK(tracker.imported() == 10);
    CHECK(tracker.open() == 3);
    CHECK(tracker.done(11));
    CHECK(tracker.imported() == 13);
    CHECK(tracker.open() == 0);
}

TEST_CASE("a gap, which damage of the log leaves, is passed") {
    ImportTracker tracker(10);
    tracker.begin(20);
    CHECK(tracker.done(20));
    CHECK(tracker.imported() == 20);
}

TEST_CASE("what was never begun, or is done twice, changes nothing") {
    ImportTracker tracker(0);
    tracker.begin(1);
    tracker.begin(2);
    CHECK_FALSE(tracker.done(3));
    CHECK(tracker.done(1));
    CHECK_FALSE(tracker.done(1));
    CHECK(tracker.imported() == 1);
}
