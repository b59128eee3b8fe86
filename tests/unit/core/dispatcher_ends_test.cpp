#include "tests/unit/core/dispatcher_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::proto::Delivery;
using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// Every accepted command ends exactly once, on each path.

TEST_CASE("a reply ok ends a command as succeeded, once") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.clock.advance(250ms);
    CHECK(bench.reply("c1", "ok"));
    REQUIRE(bench.end_of("c1") == "succeeded");
    const auto end = bench.the_end("c1");
    CHECK(end.status == "ok");
    CHECK(end.data == "{}");
    CHECK(end.attempts == 1);
    CHECK(end.latency == 250ms);
    CHECK(end.node == "n1");
    CHECK(end.command == "reboot");
    CHECK(bench.finishes.front().by_reply);
    CHECK(bench.finishes.front().reply_after == 250ms);
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
    bench.pass(24h);
    CHECK(bench.finishes.size() == 1);
}

TEST_CASE("the word of a reply decides how the command ends") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    SUBCASE("error") {
        bench.reply("c1", "error");
        CHECK(bench.end_of("c1") == "failed:device_error");
    }
    SUBCASE("rejected") {
        bench.reply("c1", "rejected");
        CHECK(bench.end_of("c1") == "failed:device_rejected");
    }
    SUBCASE("any other word is kept") {
        bench.reply("c1", "Vollmond");
        CHECK(bench.end_of("c1") == "succeeded");
        CHECK(bench.the_end("c1").status == "Vollmond");
    }
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
}

TEST_CASE("a command that is not answered times out timeout_s after its first sending") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.timeout = 5s;
    bench.accept(request);
    bench.confirm("c1");
    SUBCASE("connected") {}
    SUBCASE("acknowledged") {
        bench.ack("c1");
    }
    SUBCASE("offline by then") {
        bench.detach();
    }
    SUBCASE("acknowledged and offline by then") {
        bench.ack("c1");
        bench.detach();
    }
    bench.pass(4999ms);
    CHECK(bench.finishes.empty());
    bench.pass(1ms);
    CHECK(bench.end_of("c1") == "timed_out:timed_out");
    CHECK(bench.the_end("c1").attempts == 1);
    CHECK_FALSE(bench.finishes.front().by_reply);
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
}

TEST_CASE("a redelivery does not move the deadline of the first sending") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.timeout = 10s;
    bench.accept(request);
    bench.confirm("c1");
    const auto expires_at = bench.last_sending("c1").frame.expires_at;
    bench.pass(6s);
    bench.attach(DispatcherBench::kSecond);
    bench.confirm("c1");
    CHECK(bench.sendings() == "c1/1 c1/2");
    CHECK(bench.last_sending("c1").frame.expires_at == expires_at);
    CHECK(bench.last_sending("c1").frame.expires_in == 4s);
    bench.pass(3999ms);
    CHECK(bench.finishes.empty());
    bench.pass(1ms);
    CHECK(bench.end_of("c1") == "timed_out:timed_out");
    CHECK(bench.the_end("c1").attempts == 2);
}

TEST_CASE("a command for a device that stays away expires ttl_s after acceptance") {
    DispatcherBench bench;
    auto request = bench.request("c1");
    request.request.ttl = 7s;
    bench.submit(request);
    bench.clock.advance(1s);  // a slow commit does not buy time
    bench.commit_accepted();
    bench.pass(5999ms);
    CHECK(bench.finishes.empty());
    bench.pass(1ms);
    CHECK(bench.end_of("c1") == "expired:expired");
    CHECK(bench.the_end("c1").attempts == 0);
    CHECK(bench.the_end("c1").latency == 7s);
    bench.commit_ends();
    CHECK(bench.is_idle());
}

TEST_CASE("waiting behind a full window counts as waiting: the command expires") {
    DispatcherBench bench({"n1", 1});
    bench.attach();
    bench.deliver("c1");
    auto request = bench.request("c2");
    request.request.ttl = 3s;
    bench.accept(request);
    bench.pass(3s);
    CHECK(bench.end_of("c2") == "expired:expired");
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.reply("c1"));
    CHECK(bench.sendings() == "c1/1");
}

TEST_CASE("a command whose commit took longer than its ttl is not sent") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.ttl = 2s;
    bench.submit(request);
    bench.pass(2s);
    CHECK(bench.finishes.empty());
    bench.commit_accepted();
    CHECK(bench.sends.empty());
    CHECK(bench.end_of("c1") == "expired:expired");
}

TEST_CASE("nothing leaves before the commit of its acceptance") {
    DispatcherBench bench;
    bench.attach();
    bench.submit("c1");
    bench.writable();
    bench.pass(1s);
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sends.empty());
    CHECK(bench.statuses.empty());
    bench.commit_accepted();
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.states("c1") == "accepted");
}

TEST_CASE("an at_most_once command ends with outcome_unknown when its session is lost before ack") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.delivery = Delivery::at_most_once;
    bench.accept(request);
    bench.confirm("c1");
    SUBCASE("not acknowledged") {
        SUBCASE("connection lost") {
            bench.detach();
        }
        SUBCASE("taken over") {
            bench.attach(DispatcherBench::kSecond);
        }
        CHECK(bench.end_of("c1") == "failed:outcome_unknown");
        CHECK(bench.the_end("c1").attempts == 1);
        CHECK(bench.sendings() == "c1/1");
    }
    SUBCASE("acknowledged: it waits for its reply") {
        bench.ack("c1");
        bench.attach(DispatcherBench::kSecond);
        CHECK(bench.finishes.empty());
        CHECK(bench.reply("c1", "ok", DispatcherBench::kSecond));
        CHECK(bench.end_of("c1") == "succeeded");
        CHECK(bench.sendings() == "c1/1");
    }
}

TEST_CASE("an at_most_once command that never left is sent when it can be") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.delivery = Delivery::at_most_once;
    bench.accept(request);
    bench.detach();
    bench.confirm("c1", false);
    CHECK(bench.finishes.empty());
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.sendings() == "c1/1 c1/1");
}

TEST_CASE("an immediate at_most_once command does not expire while its mark is being stored") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.request.delivery = Delivery::at_most_once;
    request.request.ttl = 0s;
    bench.submit(request);
    bench.commit_accepted();
    bench.pass(5ms);
    SUBCASE("the device is still there") {
        bench.commit_marks();
        CHECK(bench.sendings() == "c1/1");
        CHECK(bench.finishes.empty());
    }
    SUBCASE("the device has gone meanwhile") {
        bench.detach();
        bench.commit_marks();
        CHECK(bench.sendings().empty());
        CHECK(bench.finished("c1").state == dm::proto::CommandState::expired);
    }
}

TEST_CASE("the counters follow every command to its end") {
    DispatcherBench bench({"n1", 1});
    bench.attach();
    bench.submit("c1");
    bench.submit("c2");
    CHECK(bench.dispatcher.unfinished() == 2);
    CHECK(bench.dispatcher.waiting() == 2);
    bench.commit_accepted();
    CHECK(bench.dispatcher.waiting() == 1);
    bench.confirm("c1");
    bench.detach();
    CHECK(bench.dispatcher.waiting() == 2);
    bench.attach(DispatcherBench::kSecond);
    CHECK(bench.dispatcher.waiting() == 1);
    bench.confirm("c1");
    bench.reply("c1", "ok", DispatcherBench::kSecond);
    CHECK(bench.dispatcher.waiting() == 0);
    CHECK(bench.dispatcher.unfinished() == 2);
    bench.commit_ends();
    CHECK(bench.dispatcher.unfinished() == 1);
    bench.confirm("c2");
    bench.pass(30s);
    bench.commit_ends();
    CHECK(bench.dispatcher.unfinished() == 0);
    CHECK(bench.dispatcher.mailboxes() == 1);
    bench.detach(DispatcherBench::kSecond);
    CHECK(bench.is_idle());
}

TEST_CASE("a mailbox lives as long as it has commands or a session") {
    DispatcherBench bench;
    CHECK(bench.dispatcher.mailboxes() == 0);
    SUBCASE("a session comes and goes") {
        bench.attach();
        CHECK(bench.dispatcher.mailboxes() == 1);
        bench.detach();
    }
    SUBCASE("a refused command leaves nothing") {
        auto request = bench.request("c1");
        request.request.ttl = 0s;
        bench.submit(request);
    }
    SUBCASE("the commit of the last end, nobody connected") {
        bench.accept("c1");
        CHECK(bench.dispatcher.mailboxes() == 1);
        bench.pass(60s);
        CHECK(bench.dispatcher.mailboxes() == 1);
        bench.commit_ends();
    }
    SUBCASE("a repeated finished command leaves nothing") {
        bench.accept("c1");
        bench.pass(60s);
        bench.commit_ends();
        bench.submit("c1");
        CHECK(bench.repeats.size() == 1);
    }
    SUBCASE("an id conflict with a finished command leaves nothing") {
        bench.accept("c1");
        bench.pass(60s);
        bench.commit_ends();
        auto request = bench.request("c1");
        request.request.command = "other";
        bench.submit(request);
        CHECK(bench.rejected() == "c1:id_conflict");
    }
    CHECK(bench.dispatcher.mailboxes() == 0);
}

TEST_CASE("news of devices and commands that are not known change nothing") {
    DispatcherBench bench;
    bench.detach();
    bench.writable();
    bench.ack("nobody");
    bench.dispatcher.sent(bench.device, DispatcherBench::kFirst, "nobody", true, bench.clock.now());
    bench.dispatcher.stored(bench.key("nobody"), bench.clock.now());
    bench.dispatcher.stored_end(bench.key("nobody"));
    bench.pass(1h);
    CHECK(bench.dispatcher.take_effects().empty());
    CHECK(bench.is_idle());
}

TEST_CASE("a store that confirms twice is heard once") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.dispatcher.stored(bench.key("c1"), bench.clock.now());
    CHECK(bench.dispatcher.take_effects().empty());
    bench.confirm("c1");
    bench.dispatcher.stored_end(bench.key("c1"));  // it has not ended
    CHECK(bench.dispatcher.unfinished() == 1);
    bench.reply("c1");
    bench.commit_ends();
    bench.dispatcher.stored_end(bench.key("c1"));
    CHECK(bench.dispatcher.unfinished() == 0);
}
