#include "tests/unit/core/dispatcher_bench.hpp"

#include <doctest/doctest.h>

using CancelResult = dm::core::Dispatcher::CancelResult;
using dm::test::DispatcherBench;
using namespace std::chrono_literals;

TEST_CASE("a queued command can be cancelled, once") {
    DispatcherBench bench;
    bench.accept("c1");
    CHECK(bench.cancel("c1") == CancelResult::cancelled);
    CHECK(bench.end_of("c1") == "cancelled");
    CHECK(bench.dispatcher.waiting() == 0);
    CHECK(bench.cancel("c1") == CancelResult::cancelled);  // said twice, done once
    bench.attach();
    bench.pass(1h);
    CHECK(bench.finishes.size() == 1);
    CHECK(bench.sends.empty());
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
}

TEST_CASE("a command cancelled while it is being stored is accepted first, then cancelled") {
    DispatcherBench bench;
    bench.attach();
    bench.submit("c1");
    CHECK(bench.cancel("c1") == CancelResult::cancelled);
    CHECK(bench.end_of("c1") == "cancelled");  // on its way to the store, behind the acceptance
    bench.submit("c1");
    bench.reply("c1");                // of a device that cannot know it
    CHECK(bench.states("c1") == "");  // nothing is told before it is stored
    bench.commit_accepted();
    CHECK(bench.states("c1") == "accepted");
    CHECK(bench.end_of("c1") == "cancelled");
    CHECK(bench.sends.empty());
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
}

TEST_CASE("a command that is on its way cannot be cancelled") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    SUBCASE("handed to its session") {}
    SUBCASE("sent") {
        bench.confirm("c1");
    }
    SUBCASE("delivered") {
        bench.confirm("c1");
        bench.ack("c1");
    }
    SUBCASE("sent, and waiting to be sent again") {
        bench.confirm("c1");
        bench.detach();
    }
    CHECK(bench.cancel("c1") == CancelResult::already_sent);
    CHECK(bench.finishes.empty());
}

TEST_CASE("a command that came back from a full link has not been sent: it can be cancelled") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.confirm("c1", false);
    CHECK(bench.cancel("c1") == CancelResult::cancelled);
    bench.writable();
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.end_of("c1") == "cancelled");
}

TEST_CASE("a command that nobody knows cannot be cancelled") {
    DispatcherBench bench;
    CHECK(bench.cancel("c1") == CancelResult::unknown);
    bench.attach();
    CHECK(bench.cancel("c1") == CancelResult::unknown);
}

TEST_CASE("a cancelled command makes room behind a full window") {
    DispatcherBench bench({"n1", 1});
    bench.attach();
    bench.deliver("c1");
    bench.accept("c2");
    bench.accept("c3");
    bench.cancel("c2");
    bench.reply("c1");
    CHECK(bench.sendings() == "c1/1 c3/1");
}
