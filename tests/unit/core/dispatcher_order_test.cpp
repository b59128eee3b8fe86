#include "tests/unit/core/dispatcher_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// Window, order of acceptance, redelivery.

TEST_CASE("at most a window of commands is unanswered, in order of acceptance") {
    DispatcherBench bench;  // the default: 16
    bench.attach();
    std::string expected;
    for (int i = 1; i <= 18; ++i) {
        bench.submit("c" + std::to_string(i));
        if (i <= 16) {
            expected += (i == 1 ? "c" : " c") + std::to_string(i) + "/1";
        }
    }
    bench.commit_accepted();
    CHECK(bench.sendings() == expected);
    for (int i = 1; i <= 16; ++i) {
        bench.confirm("c" + std::to_string(i));
    }
    bench.ack("c3");  // acknowledged is not answered
    CHECK(bench.sends.size() == 16);
    bench.reply("c5");
    CHECK(bench.sends.size() == 17);
    CHECK(bench.sends.back().frame.id == "c17");
    bench.pass(30s);  // the others time out, and each makes room
    CHECK(bench.sends.back().frame.id == "c18");
}

TEST_CASE("a window of one sends strictly one by one") {
    DispatcherBench bench({"n1", 1});
    for (const auto* id : {"c1", "c2", "c3"}) {
        bench.accept(id);
    }
    bench.attach();
    CHECK(bench.sendings() == "c1/1");
    bench.confirm("c1");
    bench.ack("c1");
    CHECK(bench.sendings() == "c1/1");
    bench.reply("c1", "error");
    CHECK(bench.sendings() == "c1/1 c2/1");
    bench.confirm("c2");
    bench.pass(30s);
    CHECK(bench.end_of("c2") == "timed_out:timed_out");
    CHECK(bench.sendings() == "c1/1 c2/1 c3/1");
}

TEST_CASE("devices do not wait for each other") {
    DispatcherBench bench({"n1", 1});
    bench.attach();
    bench.dispatcher.attach(
        dm::test::device_id("dev-2"), DispatcherBench::kThird, bench.clock.now());
    bench.accept("c1");
    auto other = bench.request("c1");  // ids are unique per device only
    other.device = dm::test::device_id("dev-2");
    bench.accept(other);
    CHECK(bench.sends.size() == 2);
    CHECK(bench.sends[1].to == DispatcherBench::kThird);
}

TEST_CASE("what the lost session left unanswered is sent again ahead of younger commands") {
    DispatcherBench bench({"n1", 3});
    bench.attach();
    bench.deliver("c1");
    bench.deliver("c2");
    bench.deliver("c3");
    bench.accept("c4");
    bench.reply("c2");
    CHECK(bench.sendings() == "c1/1 c2/1 c3/1 c4/1");
    bench.confirm("c4");
    bench.detach();
    bench.accept("c5");
    CHECK(bench.states("c1") == "accepted sent queued");
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1 c2/1 c3/1 c4/1 c1/2 c3/2 c4/2");
    bench.confirm("c1");
    bench.reply("c1", "ok", DispatcherBench::kSecond);
    CHECK(bench.sends.back().frame.id == "c5");
    CHECK(bench.the_end("c1").attempts == 2);
}

TEST_CASE("an acknowledged command is not sent again, and keeps its place in the window") {
    DispatcherBench bench({"n1", 1});
    bench.attach();
    bench.deliver("c1");
    bench.ack("c1");
    CHECK(bench.states("c1") == "accepted sent delivered");
    bench.accept("c2");
    bench.detach();
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.reply("c1", "ok", DispatcherBench::kSecond));
    CHECK(bench.end_of("c1") == "succeeded");
    CHECK(bench.sendings() == "c1/1 c2/1");
    CHECK(bench.last_sending("c2").to == DispatcherBench::kSecond);
}

TEST_CASE("an acknowledgement repeated after the reconnect stops a redelivery that did not leave") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.attach(DispatcherBench::kSecond);
    bench.confirm("c1", false);  // link full: it waits
    bench.ack("c1", DispatcherBench::kSecond);
    bench.writable(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1 c1/2");
    CHECK(bench.states("c1") == "accepted sent queued delivered");
}

TEST_CASE("the new session may answer what was delivered to the old one") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    SUBCASE("before it is sent again") {
        bench.detach();
        CHECK(bench.reply("c1", "ok", DispatcherBench::kSecond));
        bench.attach(DispatcherBench::kSecond);
        CHECK(bench.sendings() == "c1/1");
    }
    SUBCASE("while it is being sent again") {
        bench.attach(DispatcherBench::kSecond);
        CHECK(bench.reply("c1", "ok", DispatcherBench::kSecond));
        bench.confirm("c1");
    }
    SUBCASE("after it was sent again") {
        bench.attach(DispatcherBench::kSecond);
        bench.confirm("c1");
        CHECK(bench.reply("c1", "ok", DispatcherBench::kSecond));
    }
    CHECK(bench.end_of("c1") == "succeeded");
    bench.commit_ends();
    CHECK(bench.acknowledged() == "c1:stored");
    CHECK(bench.acks.front().to == DispatcherBench::kSecond);
}

TEST_CASE("nothing is sent again after its deadline") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.detach();
    bench.clock.advance(30s);  // nobody has told the dispatcher that time went by
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.end_of("c1") == "timed_out:timed_out");
}

TEST_CASE("nothing is sent for the first time after its deadline") {
    DispatcherBench bench;
    bench.accept("c1");
    bench.clock.advance(60s);
    bench.attach();
    CHECK(bench.sends.empty());
    CHECK(bench.end_of("c1") == "expired:expired");
}

TEST_CASE("a frame tells its deadline by both clocks") {
    DispatcherBench bench;
    auto request = bench.request("c1");
    request.request.timeout = 45s;
    request.request.args = R"({"a":1})";
    bench.accept(request);
    bench.clock.advance(10s);
    bench.attach();
    const auto& frame = bench.last_sending("c1").frame;
    CHECK(frame.expires_in == 45s);
    CHECK(frame.expires_at == bench.clock.now().wall + 45s);
    CHECK(frame.time == bench.clock.now().wall);
    CHECK(frame.args == R"({"a":1})");
    CHECK(frame.command == "reboot");
}

TEST_CASE("a step of the wall clock moves no deadline") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.confirm("c1");
    bench.clock.step_wall(1h);
    bench.pass(29s);
    CHECK(bench.finishes.empty());
    bench.clock.step_wall(-2h);
    bench.pass(1s);
    CHECK(bench.end_of("c1") == "timed_out:timed_out");
}

TEST_CASE("the dispatcher asks to be woken at the earliest deadline") {
    DispatcherBench bench;
    CHECK_FALSE(bench.dispatcher.next_deadline());
    const auto start = bench.clock.now().mono;
    bench.accept("c1");
    CHECK(bench.dispatcher.next_deadline() == start + 60s);
    bench.clock.advance(5s);
    bench.attach();
    CHECK(bench.dispatcher.next_deadline() == start + 35s);
    bench.confirm("c1", false);  // it did not leave: only its ttl counts
    CHECK(bench.dispatcher.next_deadline() == start + 60s);
    bench.clock.advance(5s);
    bench.writable();
    bench.confirm("c1");
    CHECK(bench.dispatcher.next_deadline() == start + 40s);
    bench.reply("c1");
    CHECK_FALSE(bench.dispatcher.next_deadline());
}
