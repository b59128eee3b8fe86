#include "control/calls/call.hpp"

#include <doctest/doctest.h>

using dm::control::Call;
using dm::control::CallEnd;
using dm::control::CallMode;
using dm::control::CallStep;
using namespace std::chrono_literals;

namespace {

constexpr dm::core::Instant kStart{1h};

dm::proto::Outcome outcome(const std::string& state, std::uint64_t attempt, std::int64_t ms) {
    dm::proto::Outcome made;
    made.state = state;
    made.attempt = attempt;
    made.time = dm::proto::WallTime(std::chrono::milliseconds(ms));
    return made;
}

CallStep tell(Call& call, const std::string& state, std::uint64_t attempt, std::int64_t ms = 1000) {
    return call.on_message(outcome(state, attempt, ms), state, kStart);
}

}  // namespace

TEST_CASE("a stream is told every state once, then the end") {
    Call call(CallMode::stream, 60s, kStart);
    CHECK(tell(call, "accepted", 0).event);
    CHECK_FALSE(tell(call, "accepted", 0).event);
    CHECK(tell(call, "sent", 1).event);
    CHECK(tell(call, "queued", 1).event);
    CHECK(tell(call, "sent", 2).event);
    const CallStep end = tell(call, "succeeded", 0);
    REQUIRE(end.event);
    CHECK(end.event->data == "succeeded");
    REQUIRE(end.end);
    CHECK(end.end->why == CallEnd::Why::finished);
}

TEST_CASE("an end without a word before is an end") {
    Call call(CallMode::wait, 60s, kStart);
    const CallStep end = tell(call, "succeeded", 0);
    REQUIRE(end.end);
    CHECK(end.end->payload == "succeeded");
}

TEST_CASE("an acceptance that is told after other states is not told") {
    Call call(CallMode::stream, 60s, kStart);
    CHECK(tell(call, "sent", 1).event);
    CHECK_FALSE(tell(call, "accepted", 1).event);
}

TEST_CASE("ids are the steps that states say they are, and an end is the step behind them") {
    const auto at_step = [](Call& call, const std::string& state, std::uint64_t seq) {
        auto told = outcome(state, 1, 1000);
        told.seq = seq;
        return call.on_message(told, state, kStart).event->id;
    };
    Call call(CallMode::stream, 60s, kStart);
    CHECK(at_step(call, "accepted", 1000) == 1000);
    CHECK(at_step(call, "sent", 1003) == 1003);
    CHECK(tell(call, "succeeded", 1, 1002).event->id == 1004);
    Call slow(CallMode::stream, 60s, kStart);
    CHECK(at_step(slow, "sent", 1003) == 1003);
    CHECK(tell(slow, "succeeded", 1, 5000).event->id == 5000);
}

TEST_CASE("a state that does not say which step it is has no id") {
    Call call(CallMode::stream, 60s, kStart);
    CHECK_FALSE(tell(call, "sent", 1, 2000).event->id);
}

TEST_CASE("a rejection ends the call with its code") {
    Call call(CallMode::wait, 60s, kStart);
    dm::proto::Outcome rejected = outcome("rejected", 0, 1000);
    rejected.error = dm::proto::ErrorDetail{"queue_full", "too many"};
    const CallStep step = call.on_message(rejected, "{}", kStart);
    REQUIRE(step.end);
    CHECK(step.end->why == CallEnd::Why::rejected);
    CHECK(step.end->code == "queue_full");
}

TEST_CASE("the command is repeated until it is accepted, and given up after 5 seconds") {
    Call call(CallMode::stream, 60s, kStart);
    CHECK(call.next() == kStart + 1s);
    CHECK_FALSE(call.on_time(kStart + 999ms).publish);
    CHECK(call.on_time(kStart + 1s).publish);
    CHECK(call.next() == kStart + 3s);
    CHECK(call.on_time(kStart + 3s).publish);
    CHECK(call.next() == kStart + 5s);
    const CallStep end = call.on_time(kStart + 5s);
    REQUIRE(end.end);
    CHECK(end.end->why == CallEnd::Why::no_node);
    CHECK_FALSE(end.publish);
}

TEST_CASE("after acceptance a reminder is sent every half minute") {
    Call call(CallMode::stream, 60s, kStart);
    static_cast<void>(tell(call, "accepted", 0));
    CHECK(call.next() == kStart + 30s);
    CHECK(call.on_time(kStart + 30s).publish);
    CHECK(call.next() == kStart + 60s);
}

TEST_CASE("a lost connection to the broker has the command repeated") {
    Call call(CallMode::stream, 60s, kStart);
    static_cast<void>(tell(call, "accepted", 0));
    CHECK(call.on_reconnected(kStart + 2s).publish);
}

TEST_CASE("a caller whose patience is over is told how far it got") {
    Call call(CallMode::wait, 10s, kStart);
    static_cast<void>(tell(call, "accepted", 0));
    static_cast<void>(tell(call, "queued", 0));
    CHECK(call.next() == kStart + 10s);
    const CallStep end = call.on_time(kStart + 10s);
    REQUIRE(end.end);
    CHECK(end.end->why == CallEnd::Why::patience);
    CHECK(end.end->payload == "queued");
}

TEST_CASE("a short patience does not end before it is known whether a node accepts") {
    Call call(CallMode::wait, 0s, kStart);
    CHECK_FALSE(call.on_time(kStart).end);
    const CallStep step = call.on_message(outcome("accepted", 0, 1), "accepted", kStart + 1s);
    CHECK_FALSE(step.end);
    CHECK(call.on_time(kStart + 5s).end->why == CallEnd::Why::patience);
}

TEST_CASE("who only submits is answered when the command is accepted") {
    Call call(CallMode::submit, 60s, kStart);
    const CallStep step = tell(call, "accepted", 0);
    REQUIRE(step.end);
    CHECK(step.end->why == CallEnd::Why::accepted);
}

TEST_CASE("a late reply and unknown states change nothing") {
    Call call(CallMode::stream, 60s, kStart);
    for (const char* state : {"late", "addressed", ""}) {
        const CallStep step = tell(call, state, 0);
        CHECK_FALSE(step.event);
        CHECK_FALSE(step.end);
    }
    CHECK_FALSE(call.accepted());
}
