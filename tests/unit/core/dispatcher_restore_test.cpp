#include "tests/unit/core/dispatcher_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::core::Command;
using dm::core::Moment;
using dm::proto::CommandState;
using dm::proto::Delivery;
using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// A dispatcher that begins with what an earlier process left.

namespace {

Moment later(Moment from, std::chrono::milliseconds by) {
    return {from.mono + by, from.wall + by};
}

Command left(const DispatcherBench& bench, const std::string& id, std::uint64_t number) {
    const Moment now = bench.clock.now();
    return {bench.key(id),
            {"reboot", "{}", 30s, 60s},
            Delivery::at_least_once,
            false,
            {},
            {},
            {},
            number,
            later(now, -10s),
            later(now, 50s),
            {},
            CommandState::queued};
}

Command sent(const DispatcherBench& bench, const std::string& id, std::uint64_t number) {
    Command command = left(bench, id, number);
    command.state = CommandState::sent;
    command.attempts = 1;
    command.reply_by = later(bench.clock.now(), 20s);
    return command;
}

}  // namespace

TEST_CASE(
    "restored commands are sent in order of acceptance, those that had left with attempt + 1") {
    DispatcherBench bench;
    bench.restore(sent(bench, "c1", 4));
    bench.restore(left(bench, "c2", 7));
    CHECK(bench.dispatcher.unfinished() == 2);
    CHECK(bench.dispatcher.waiting() == 2);
    CHECK(bench.sendings().empty());
    bench.attach();
    CHECK(bench.sendings() == "c1/2 c2/1");
    CHECK(bench.last_sending("c1").frame.expires_in == 20s);
    CHECK(bench.last_sending("c2").frame.expires_in == 30s);
    bench.accept("c3");
    CHECK(bench.accepted[0].command.number == 8);
}

TEST_CASE("a restored command that the device had acknowledged waits for its reply only") {
    DispatcherBench bench;
    Command command = sent(bench, "c1", 1);
    command.state = CommandState::delivered;
    bench.restore(command);
    bench.attach();
    CHECK(bench.sendings().empty());
    SUBCASE("replied") {
        CHECK(bench.reply("c1"));
        CHECK(bench.end_of("c1") == "succeeded");
    }
    SUBCASE("not replied") {
        bench.pass(19s);
        CHECK(bench.finishes.empty());
        bench.pass(1s);
        CHECK(bench.end_of("c1") == "timed_out:timed_out");
    }
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
}

TEST_CASE("a restored command that is overdue ends with the next look at the time") {
    DispatcherBench bench;
    Command unsent = left(bench, "unsent", 1);
    unsent.send_by = later(bench.clock.now(), -1s);
    Command unanswered = sent(bench, "unanswered", 2);
    unanswered.reply_by = later(bench.clock.now(), -1h);
    bench.restore(unsent);
    bench.restore(unanswered);
    bench.pass(0ms);
    CHECK(bench.end_of("unsent") == "expired:expired");
    CHECK(bench.end_of("unanswered") == "timed_out:timed_out");
}

TEST_CASE("a restored at_most_once command that may have left ends as outcome_unknown, once") {
    DispatcherBench bench;
    Command command = sent(bench, "c1", 1);
    command.delivery = Delivery::at_most_once;
    SUBCASE("it had left") {}
    SUBCASE("it was about to leave") {
        command.reply_by.reset();
    }
    bench.restore(command);
    CHECK(bench.end_of("c1") == "failed:outcome_unknown");
    bench.attach();
    bench.pass(1h);
    CHECK(bench.sendings().empty());
    CHECK(bench.end_of("c1") == "failed:outcome_unknown");
    bench.commit_ends();
    bench.detach();
    CHECK(bench.is_idle());
}

TEST_CASE("a restored at_most_once command that had not left is sent") {
    DispatcherBench bench;
    Command command = left(bench, "c1", 1);
    command.delivery = Delivery::at_most_once;
    bench.restore(command);
    bench.attach();
    bench.commit_marks();
    CHECK(bench.sendings() == "c1/1");
}

TEST_CASE("a device may know a restored command although its sending was not stored") {
    DispatcherBench bench;
    bench.restore(left(bench, "c1", 1));
    SUBCASE("its reply comes with the new session, before the command is sent again") {
        bench.attach();
        CHECK(bench.reply("c1"));
        CHECK(bench.end_of("c1") == "succeeded");
    }
    SUBCASE("its ack comes again") {
        bench.restore(left(bench, "c0", 2));
        bench.attach();
        bench.confirm("c1", false);
        bench.ack("c1");
        CHECK(bench.states("c1") == "delivered");
    }
}

TEST_CASE("a restored command is cancelled until it is sent") {
    DispatcherBench bench;
    bench.restore(left(bench, "c1", 1));
    bench.restore(sent(bench, "c2", 2));
    CHECK(bench.cancel("c1") == dm::core::Dispatcher::CancelResult::cancelled);
    CHECK(bench.cancel("c2") == dm::core::Dispatcher::CancelResult::already_sent);
}

TEST_CASE("a restored command is known by its id") {
    DispatcherBench bench;
    bench.restore(left(bench, "c1", 1));
    bench.submit("c1");
    CHECK(bench.accepted.empty());
    CHECK(bench.states("c1") == "accepted");
}

TEST_CASE("of many overdue commands only so many end in one turn, the rest is due at once") {
    DispatcherBench bench;
    const std::size_t count = dm::core::Dispatcher::kMaxEndsPerTurn + 1;
    for (std::size_t i = 1; i <= count; ++i) {
        Command command = left(bench, "c" + std::to_string(i), i);
        command.send_by = later(bench.clock.now(), -1s);
        bench.restore(command);
    }
    bench.pass(0ms);
    CHECK(bench.finishes.size() == count - 1);
    REQUIRE(bench.dispatcher.next_deadline());
    CHECK(*bench.dispatcher.next_deadline() <= bench.clock.now().mono);
    bench.pass(0ms);
    CHECK(bench.finishes.size() == count);
}

TEST_CASE("a latency is never negative, however the clock was set") {
    DispatcherBench bench;
    Command command = left(bench, "c1", 1);
    command.accepted_at = later(bench.clock.now(), 1h);
    bench.restore(command);
    bench.pass(50s);
    CHECK(bench.the_end("c1").latency == 0ms);
}
