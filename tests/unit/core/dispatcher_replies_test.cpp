#include "tests/unit/core/dispatcher_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// Every well-formed reply gets exactly one reply_ack, and only when the end is safe.

TEST_CASE("a reply is acknowledged after the commit of the end, not before") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.reply("c1");
    CHECK(bench.acks.empty());
    bench.commit_ends();
    CHECK(bench.acknowledged() == "c1:stored");
    CHECK(bench.acks.front().to == DispatcherBench::kFirst);
}

TEST_CASE("a reply repeated while the end is being stored is a duplicate, after the commit too") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.reply("c1", "ok");
    bench.reply("c1", "error", DispatcherBench::kSecond);
    CHECK(bench.acks.empty());
    bench.commit_ends();
    CHECK(bench.acknowledged() == "c1:stored c1:duplicate");
    CHECK(bench.acks[1].to == DispatcherBench::kSecond);
    CHECK(bench.end_of("c1") == "succeeded");
    CHECK(bench.states("c1") == "accepted sent");
}

TEST_CASE("a reply after the end by a reply is a duplicate") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.reply("c1");
    bench.commit_ends();
    CHECK_FALSE(bench.reply("c1"));
    CHECK(bench.acknowledged() == "c1:stored c1:duplicate");
    CHECK(bench.finishes.size() == 1);
    CHECK(bench.states("c1") == "accepted sent");
}

TEST_CASE("a reply after the deadline is late, and told") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.pass(30s);
    SUBCASE("while the end is being stored") {
        CHECK(bench.reply("c1", "warm"));
        CHECK(bench.acks.empty());
        bench.commit_ends();
    }
    SUBCASE("when it has been stored") {
        bench.commit_ends();
        CHECK_FALSE(bench.reply("c1", "warm"));
    }
    CHECK(bench.acknowledged() == "c1:late");
    CHECK(bench.end_of("c1") == "timed_out:timed_out");
    CHECK(bench.states("c1") == "accepted sent late");
    const auto& late = bench.statuses.back();
    CHECK(late.status.status == "warm");
    CHECK(late.status.data == "{}");
    CHECK_FALSE(late.durable);
}

TEST_CASE("a reply to a command that never left is unknown") {
    DispatcherBench bench;
    SUBCASE("never heard of") {
        CHECK_FALSE(bench.reply("c1"));
    }
    SUBCASE("being stored") {
        bench.attach();
        bench.submit("c1");
        CHECK(bench.reply("c1"));
    }
    SUBCASE("waiting") {
        bench.accept("c1");
        CHECK(bench.reply("c1"));
    }
    SUBCASE("on the way to the very session that replies") {
        bench.attach();
        bench.accept("c1");
        CHECK(bench.reply("c1"));
    }
    SUBCASE("came back from a full link") {
        bench.attach();
        bench.accept("c1");
        bench.confirm("c1", false);
        CHECK(bench.reply("c1"));
    }
    CHECK(bench.acknowledged() == "c1:unknown");
    CHECK(bench.finishes.empty());
}

TEST_CASE("an ack of a command that never left changes nothing") {
    DispatcherBench bench;
    bench.accept("c1");
    bench.ack("c1");
    bench.attach();
    bench.ack("c1");
    bench.confirm("c1");
    CHECK(bench.states("c1") == "accepted queued sent");
}

TEST_CASE("a second ack and an ack after the reply change nothing") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.ack("c1");
    bench.ack("c1");
    bench.reply("c1");
    bench.ack("c1");
    CHECK(bench.states("c1") == "accepted sent delivered");
}

TEST_CASE("a reply implies the ack") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.reply("c1");
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1");
}

TEST_CASE("at most kMaxHeldAcks replies to one command wait for its commit") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    for (std::size_t i = 0; i < dm::core::kMaxHeldAcks + 3; ++i) {
        CHECK(bench.reply("c1"));
    }
    bench.commit_ends();
    CHECK(bench.acks.size() == dm::core::kMaxHeldAcks);
    CHECK(bench.finishes.size() == 1);
}

TEST_CASE("an answered command makes room in the window before its end is stored") {
    DispatcherBench bench({"n1", 1});
    bench.attach();
    bench.deliver("c1");
    bench.accept("c2");
    bench.reply("c1");
    CHECK(bench.sendings() == "c1/1 c2/1");
}
