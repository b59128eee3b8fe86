#include "tests/unit/core/dispatcher_bench.hpp"

#include <doctest/doctest.h>

using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// A command is `sending` from the moment it is handed to its session until the session says
// whether it left. In between sessions come and go.

TEST_CASE("taken over while sending: the late word of the old session decides") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1");  // perhaps it left: nothing is known yet
    SUBCASE("it left: sent again as the next attempt") {
        bench.confirm("c1", true);
        CHECK(bench.sendings() == "c1/1 c1/2");
        bench.confirm("c1");
        bench.reply("c1", "ok", DispatcherBench::kSecond);
        CHECK(bench.the_end("c1").attempts == 2);
    }
    SUBCASE("it did not leave: sent as the same attempt") {
        bench.confirm("c1", false);
        CHECK(bench.sendings() == "c1/1 c1/1");
        bench.confirm("c1");
        bench.reply("c1", "ok", DispatcherBench::kSecond);
        CHECK(bench.the_end("c1").attempts == 1);
    }
    CHECK(bench.last_sending("c1").to == DispatcherBench::kSecond);
    CHECK(bench.end_of("c1") == "succeeded");
}

TEST_CASE("taken over while sending at_most_once: outcome_unknown only if it left") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.delivery = dm::proto::Delivery::at_most_once;
    bench.accept(request);
    bench.attach(DispatcherBench::kSecond);
    SUBCASE("it left") {
        bench.confirm("c1", true);
        CHECK(bench.end_of("c1") == "failed:outcome_unknown");
        CHECK(bench.sendings() == "c1/1");
    }
    SUBCASE("it did not") {
        bench.confirm("c1", false);
        CHECK(bench.finishes.empty());
        CHECK(bench.sendings() == "c1/1 c1/1");
    }
}

TEST_CASE("lost while sending: the command waits for the next session") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.detach();
    bool left = false;
    SUBCASE("it left") {
        left = true;
    }
    SUBCASE("it did not leave") {}
    bench.confirm("c1", left);
    CHECK(bench.dispatcher.waiting() == 1);
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == (left ? "c1/1 c1/2" : "c1/1 c1/1"));
}

TEST_CASE("while the fate of an older command is unknown nothing younger goes to the new session") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    const auto take_over = [&] {
        bench.attach(DispatcherBench::kSecond);
        bench.accept("c2");
        CHECK(bench.sendings() == "c1/1");
    };
    const auto lose_and_reconnect = [&] {
        bench.detach();
        bench.accept("c2");
        bench.attach(DispatcherBench::kSecond);
        CHECK(bench.sendings() == "c1/1");
    };
    SUBCASE("taken over; it left") {
        take_over();
        bench.confirm("c1", true);
        CHECK(bench.sendings() == "c1/1 c1/2 c2/1");
    }
    SUBCASE("taken over; it did not leave") {
        take_over();
        bench.confirm("c1", false);
        CHECK(bench.sendings() == "c1/1 c1/1 c2/1");
    }
    SUBCASE("lost and connected again; it left") {
        lose_and_reconnect();
        bench.confirm("c1", true);
        CHECK(bench.sendings() == "c1/1 c1/2 c2/1");
    }
    SUBCASE("lost and connected again; it did not leave") {
        lose_and_reconnect();
        bench.confirm("c1", false);
        CHECK(bench.sendings() == "c1/1 c1/1 c2/1");
    }
    SUBCASE("its deadline passes first") {
        take_over();
        bench.pass(30s);
        CHECK(bench.end_of("c1") == "timed_out:timed_out");
        CHECK(bench.sendings() == "c1/1 c2/1");
    }
}

TEST_CASE("the new session speaks of a command before the old one has said that it left") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.attach(DispatcherBench::kSecond);
    SUBCASE("a reply ends it") {
        CHECK(bench.reply("c1", "ok", DispatcherBench::kSecond));
        CHECK(bench.end_of("c1") == "succeeded");
        CHECK(bench.the_end("c1").attempts == 1);
        bench.confirm("c1", true);
        bench.commit_ends();
        CHECK(bench.acknowledged() == "c1:stored");
    }
    SUBCASE("an ack makes it delivered") {
        bench.accept("c2");
        CHECK(bench.sendings() == "c1/1");
        bench.ack("c1", DispatcherBench::kSecond);
        bench.confirm("c1", true);
        CHECK(bench.states("c1") == "accepted delivered");
        CHECK(bench.sendings() == "c1/1 c2/1");
        return;
    }
    CHECK(bench.sendings() == "c1/1");
}

TEST_CASE("the late news of an old session never touch the new one") {
    DispatcherBench bench;
    bench.attach();
    bench.attach(DispatcherBench::kSecond);
    bench.detach(DispatcherBench::kFirst);
    bench.accept("c1");
    CHECK(bench.last_sending("c1").to == DispatcherBench::kSecond);
    bench.dispatcher.sent(bench.device, DispatcherBench::kFirst, "c1", false, bench.clock.now());
    CHECK(bench.dispatcher.take_effects().empty());
    bench.confirm("c1");
    bench.ack("c1", DispatcherBench::kFirst);
    CHECK(bench.states("c1") == "accepted sent");
}

TEST_CASE("a full link holds commands back until it is writable, in order") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.confirm("c1", false);
    bench.accept("c2");
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.states("c1") == "accepted");
    bench.writable();
    CHECK(bench.sendings() == "c1/1 c1/1 c2/1");
    bench.confirm("c1");
    CHECK(bench.states("c1") == "accepted sent");
}

TEST_CASE("a full link: nothing goes out before the fate of everything handed over is known") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.accept("c2");
    bench.accept("c3");
    bench.confirm("c1", false);
    bench.writable();
    CHECK(bench.sends.size() == 3);
    bench.confirm("c2", false);
    CHECK(bench.sends.size() == 3);
    bench.writable();
    bench.accept("c4");
    CHECK(bench.sends.size() == 3);
    bench.confirm("c3", false);
    bench.writable();
    CHECK(bench.sendings() == "c1/1 c2/1 c3/1 c1/1 c2/1 c3/1 c4/1");
}

TEST_CASE("a full link: writable is not forgotten while an older sending is still open") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.accept("c2");
    bench.confirm("c2", false);
    bench.writable();
    CHECK(bench.sends.size() == 2);
    SUBCASE("it leaves") {
        bench.confirm("c1", true);
        CHECK(bench.sendings() == "c1/1 c2/1 c2/1");
    }
    SUBCASE("it is answered") {
        bench.confirm("c1", true);
        bench.reply("c1");
        CHECK(bench.sendings() == "c1/1 c2/1 c2/1");
    }
    SUBCASE("its deadline passes") {
        auto request = bench.request("c3");
        bench.pass(29s);
        bench.accept(request);
        bench.pass(1s);
        CHECK(bench.end_of("c1") == "timed_out:timed_out");
        CHECK(bench.sendings() == "c1/1 c2/1 c2/1 c3/1");
    }
}

TEST_CASE("a new session starts with an empty link") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.confirm("c1", false);
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1 c1/1");
    bench.writable(DispatcherBench::kFirst);
    CHECK(bench.sends.size() == 2);
}

TEST_CASE("a command that waits behind a full link expires there") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.confirm("c1", false);
    bench.pass(60s);
    CHECK(bench.end_of("c1") == "expired:expired");
    bench.writable();
    CHECK(bench.sends.size() == 1);
}
