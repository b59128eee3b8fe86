#include "tests/unit/core/dispatcher_bench.hpp"

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;

TEST_CASE("a device that is another's leaves nothing, but for what is not known to be accepted") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("sent");
    bench.accept("waiting");
    bench.submit("storing");
    const auto unknown = bench.dispatcher.release(bench.device);
    REQUIRE(unknown.size() == 1);
    CHECK(unknown[0].key.id == "storing");
    CHECK(bench.dispatcher.unfinished() == 0);
    CHECK(bench.dispatcher.waiting() == 0);
    CHECK(bench.dispatcher.mailboxes() == 0);
    CHECK_FALSE(bench.dispatcher.next_deadline());
    bench.pass(600s);
    CHECK(bench.ends("sent").empty());
    CHECK(bench.ends("waiting").empty());
    // What was under way comes to nothing.
    bench.commit_accepted();
    CHECK(bench.states("storing").empty());
    CHECK_FALSE(bench.reply("sent"));
}

TEST_CASE("a command that is held already is not restored a second time") {
    DispatcherBench bench;
    bench.accept("c-1");
    core::Command again = bench.accepted.front().command;
    bench.restore(again);
    CHECK(bench.dispatcher.unfinished() == 1);
}

TEST_CASE("in a pause nothing leaves, and afterwards all that may") {
    DispatcherBench bench;
    bench.attach();
    bench.dispatcher.pause();
    bench.accept("c-1");
    bench.accept("c-2");
    CHECK(bench.sendings().empty());
    bench.go_on();
    CHECK(bench.sendings() == "c-1/1 c-2/1");
}
