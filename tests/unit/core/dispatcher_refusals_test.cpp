#include "tests/unit/core/dispatcher_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// What is turned away before acceptance, and what ttl_s 0 means.

namespace {

dm::core::Submission at_once(const DispatcherBench& bench, std::string_view id) {
    auto request = bench.request(id);
    request.request.ttl = 0s;
    return request;
}

}  // namespace

TEST_CASE("ttl_s 0 is refused with device_offline when the device is not connected") {
    DispatcherBench bench;
    auto request = at_once(bench, "c1");
    request.reply_to = {"callers/7", "corr"};
    bench.submit(request);
    REQUIRE(bench.rejected() == "c1:device_offline");
    CHECK(bench.rejections.front().reply_to.topic == "callers/7");
    CHECK(bench.rejections.front().reply_to.correlation == "corr");
    CHECK(bench.accepted.empty());
    CHECK(bench.is_idle());
}

TEST_CASE("ttl_s 0 is refused with busy when the window is full") {
    DispatcherBench bench({"n1", 2});
    bench.attach();
    bench.deliver("c1");
    bench.deliver("c2");
    bench.submit(at_once(bench, "c3"));
    CHECK(bench.rejected() == "c3:busy");
    bench.reply("c1");
    bench.accept(at_once(bench, "c4"));
    CHECK(bench.sendings() == "c1/1 c2/1 c4/1");
}

TEST_CASE("ttl_s 0 takes a free slot also while others are being stored") {
    DispatcherBench bench({"n1", 3});
    bench.attach();
    bench.submit("c1");
    bench.submit(at_once(bench, "c2"));
    bench.submit(at_once(bench, "c3"));
    CHECK(bench.rejections.empty());
    bench.submit(at_once(bench, "c4"));
    CHECK(bench.rejected() == "c4:busy");
    bench.commit_accepted();
    CHECK(bench.sendings() == "c1/1 c2/1 c3/1");
    CHECK(bench.finishes.empty());
}

TEST_CASE("ttl_s 0 is refused with busy when the link is full") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.confirm("c1", false);
    bench.submit(at_once(bench, "c2"));
    CHECK(bench.rejected() == "c2:busy");
}

TEST_CASE("ttl_s 0 accepted, then the session is lost before sending: one end") {
    DispatcherBench bench;
    bench.attach();
    bench.submit(at_once(bench, "c1"));
    bench.detach();
    bench.commit_accepted();
    CHECK(bench.end_of("c1") == "expired:expired");
    bench.pass(1h);
    CHECK(bench.finishes.size() == 1);
    bench.commit_ends();
    CHECK(bench.is_idle());
}

TEST_CASE("ttl_s 0 that the session could not send ends at once, whoever is connected then") {
    DispatcherBench bench;
    bench.attach();
    bench.accept(at_once(bench, "c1"));
    CHECK(bench.sendings() == "c1/1");
    SUBCASE("link full") {}
    SUBCASE("offline") {
        bench.detach();
    }
    SUBCASE("taken over") {
        bench.attach(DispatcherBench::kSecond);
    }
    bench.clock.advance(20ms);
    bench.confirm("c1", false);
    CHECK(bench.end_of("c1") == "expired:expired");
    CHECK(bench.the_end("c1").attempts == 0);
    bench.pass(1h);
    bench.commit_ends();
    bench.detach(DispatcherBench::kFirst);
    bench.detach(DispatcherBench::kSecond);
    CHECK(bench.is_idle());
}

TEST_CASE("ttl_s 0 that has left is redelivered like any other") {
    DispatcherBench bench;
    bench.attach();
    bench.accept(at_once(bench, "c1"));
    bench.confirm("c1");
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1 c1/2");
}

TEST_CASE("beyond queue_per_device waiting commands a device's queue is full") {
    DispatcherBench bench({"n1", 16, 2});
    bench.submit("c1");
    bench.accept("c2");
    bench.submit("c3");
    CHECK(bench.rejected() == "c3:queue_full");
    auto other = bench.request("c4");
    other.device = dm::test::device_id("dev-2");
    bench.submit(other);
    CHECK(bench.accepted.size() == 3);
    bench.attach();  // sent ones do not wait
    bench.accept("c5");
    CHECK(bench.rejections.size() == 1);
}

TEST_CASE("beyond max_unfinished commands in total every queue is full") {
    DispatcherBench bench({"n1", 16, 100, 2});
    bench.accept("c1");
    auto other = bench.request("c2");
    other.device = dm::test::device_id("dev-2");
    bench.accept(other);
    other = bench.request("c3");
    other.device = dm::test::device_id("dev-3");
    bench.submit(other);
    CHECK(bench.rejected() == "c3:queue_full");
    CHECK(bench.dispatcher.mailboxes() == 2);
    bench.pass(60s);
    bench.submit("c4");  // ended, but the commits of the ends are still under way
    CHECK(bench.rejected() == "c3:queue_full c4:queue_full");
    bench.commit_ends();
    bench.submit("c5");
    CHECK(bench.rejections.size() == 2);
}

TEST_CASE("after must name a command of the device") {
    DispatcherBench bench;
    auto request = bench.request("c2");
    request.request.after = "c1";
    request.after_known = false;
    SUBCASE("unknown") {
        bench.submit(request);
        REQUIRE(bench.rejected() == "c2:bad_request");
        CHECK(bench.rejections.front().message.find("after") == 0);
        CHECK(bench.is_idle());
    }
    SUBCASE("unfinished") {
        bench.submit("c1");
        bench.submit(request);
        CHECK(bench.rejections.empty());
        CHECK(bench.accepted.size() == 2);
    }
    SUBCASE("finished") {
        request.after_known = true;
        bench.submit(request);
        CHECK(bench.rejections.empty());
        CHECK(bench.accepted.size() == 1);
    }
}

TEST_CASE("a command without an id gets one, and accepted tells it") {
    DispatcherBench bench;
    auto request = bench.request("unused");
    request.request.id.reset();
    bench.accept(request);
    bench.accept(request);
    REQUIRE(bench.accepted.size() == 2);
    CHECK(bench.accepted[0].command.key.id == "made-1");
    CHECK(bench.accepted[1].command.key.id == "made-2");
    CHECK(bench.states("made-1") == "accepted queued");
}

TEST_CASE("a refused command without an id has none in its rejection") {
    DispatcherBench bench;
    auto request = at_once(bench, "unused");
    request.request.id.reset();
    bench.submit(request);
    CHECK(bench.rejected() == "null:device_offline");
}
