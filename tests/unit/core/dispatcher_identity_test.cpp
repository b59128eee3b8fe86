#include "tests/unit/core/dispatcher_bench.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::test::DispatcherBench;
using namespace std::chrono_literals;

// The same id again: never a second execution.

namespace {

dm::core::Submission repeated(const DispatcherBench& bench, const char* topic = nullptr) {
    auto again = bench.request("c1");
    if (topic != nullptr) {
        again.reply_to = {topic, "again"};
    }
    return again;
}

}  // namespace

TEST_CASE("an id repeated while it is being stored is told accepted once it is") {
    DispatcherBench bench;
    bench.submit("c1");
    bench.submit(repeated(bench));
    bench.submit(repeated(bench, "callers/1"));
    bench.submit(repeated(bench, "callers/2"));
    CHECK(bench.statuses.empty());
    CHECK(bench.accepted.size() == 1);
    bench.commit_accepted();
    CHECK(bench.states("c1") == "accepted accepted accepted queued");
    CHECK_FALSE(bench.statuses[0].also);
    REQUIRE(bench.statuses[1].also);
    CHECK(bench.statuses[1].also->topic == "callers/1");
    CHECK(bench.statuses[1].also->correlation == "again");
    REQUIRE(bench.statuses[2].also);
    CHECK(bench.statuses[2].also->topic == "callers/2");
    CHECK(bench.statuses[2].durable);
}

TEST_CASE("at most kMaxRepeaters repeaters are remembered while storing") {
    DispatcherBench bench;
    bench.submit("c1");
    for (std::size_t i = 0; i < dm::core::kMaxRepeaters + 5; ++i) {
        bench.submit(repeated(bench, "callers/1"));
    }
    bench.attach();
    bench.commit_accepted();
    CHECK(bench.statuses.size() == dm::core::kMaxRepeaters + 1);
    CHECK(bench.accepted.size() == 1);
}

TEST_CASE("an id repeated while it runs is told accepted again and not sent again") {
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
    SUBCASE("its end being stored") {
        bench.confirm("c1");
        bench.reply("c1");
    }
    bench.statuses.clear();
    bench.submit(repeated(bench));
    bench.submit(repeated(bench, "callers/1"));
    CHECK(bench.states("c1") == "accepted accepted");
    CHECK_FALSE(bench.statuses[0].also);
    REQUIRE(bench.statuses[1].also);
    CHECK(bench.statuses[1].also->topic == "callers/1");
    CHECK(bench.sendings() == "c1/1");
    CHECK(bench.accepted.size() == 1);
    CHECK(bench.rejections.empty());
}

TEST_CASE("a finished id repeated gets the stored terminal message where the repeater wants it") {
    DispatcherBench bench;
    bench.attach();
    bench.deliver("c1");
    bench.reply("c1");
    bench.commit_ends();
    bench.statuses.clear();
    bench.submit(repeated(bench));
    bench.submit(repeated(bench, "callers/1"));
    REQUIRE(bench.repeats.size() == 2);
    CHECK_FALSE(bench.repeats[0].reply_to.topic);
    CHECK(bench.repeats[1].reply_to.topic == "callers/1");
    CHECK(bench.repeats[1].reply_to.correlation == "again");
    CHECK(bench.repeats[1].finished.payload == bench.finished("c1").payload);
    CHECK(bench.repeats[1].finished.message_id == "message-1");
    CHECK(bench.statuses.empty());
    CHECK(bench.accepted.size() == 1);
    CHECK(bench.dispatcher.unfinished() == 0);
}

TEST_CASE("args that differ only in white space or order of members are the same content") {
    DispatcherBench bench;
    auto request = bench.request("c1");
    request.request.args = R"({"a":1,"b":[true,"x y"]})";
    bench.accept(request);
    request.request.args = R"({ "b" : [ true, "x y" ],  "a":1 })";
    bench.submit(request);
    CHECK(bench.rejections.empty());
    bench.pass(60s);
    bench.commit_ends();
    bench.submit(request);
    CHECK(bench.rejections.empty());
    CHECK(bench.repeats.size() == 1);
    request.request.args = R"({"a":1,"b":[true,"xy"]})";
    bench.submit(request);
    CHECK(bench.rejected() == "c1:id_conflict");
}

TEST_CASE("the same id with other content is a conflict") {
    DispatcherBench bench;
    bench.submit("c1");
    SUBCASE("while storing") {}
    SUBCASE("while it waits") {
        bench.commit_accepted();
    }
    SUBCASE("while its end is being stored") {
        bench.accept("c1");
        bench.pass(60s);
    }
    SUBCASE("when it has finished") {
        bench.accept("c1");
        bench.pass(60s);
        bench.commit_ends();
    }
    auto command = repeated(bench, "callers/1");
    command.request.command = "format";
    auto args = repeated(bench);
    args.request.args = R"({"x":1})";
    auto timeout = repeated(bench);
    timeout.request.timeout = 31s;
    auto ttl = repeated(bench);
    ttl.request.ttl = 61s;
    for (const auto& other : {command, args, timeout, ttl}) {
        bench.submit(other);
    }
    CHECK(bench.rejected() == "c1:id_conflict c1:id_conflict c1:id_conflict c1:id_conflict");
    REQUIRE_FALSE(bench.rejections.empty());
    CHECK(bench.rejections.front().reply_to.topic == "callers/1");
    CHECK(bench.accepted.size() == 1);
    CHECK(bench.repeats.empty());
}

TEST_CASE("delivery and report are no part of the content") {
    DispatcherBench bench;
    bench.accept("c1");
    auto again = repeated(bench);
    again.request.delivery = dm::proto::Delivery::at_most_once;
    again.request.report_states = true;
    bench.submit(again);
    CHECK(bench.rejections.empty());
}

TEST_CASE("a repetition is not refused although a new command would be") {
    DispatcherBench bench({"n1", 1, 1, 1});
    auto request = bench.request("c1");
    bench.accept(request);
    bench.submit(request);
    CHECK(bench.rejections.empty());
    bench.submit("c2");
    CHECK(bench.rejected() == "c2:queue_full");
}

TEST_CASE("states go to the Response Topic too when the operator asked for them") {
    DispatcherBench bench;
    bench.attach();
    auto request = bench.request("c1");
    request.traceparent = "00-1-2-3";
    SUBCASE("report states, with a Response Topic") {
        request.request.report_states = true;
        request.reply_to = {"callers/1", "x"};
    }
    SUBCASE("report states, but no Response Topic") {
        request.request.report_states = true;
    }
    SUBCASE("a Response Topic only") {
        request.reply_to = {"callers/1", "x"};
    }
    const bool wanted = request.request.report_states && request.reply_to.topic;
    bench.accept(request);
    bench.confirm("c1");
    bench.ack("c1");
    CHECK(bench.states("c1") == "accepted sent delivered");
    for (const auto& told : bench.statuses) {
        CHECK(told.also.has_value() == wanted);
        CHECK(told.durable == (told.status.state == "accepted"));
        CHECK(told.traceparent == "00-1-2-3");
    }
}

TEST_CASE("every state says which step of the history it is") {
    for (const bool is_once : {false, true}) {
        CAPTURE(is_once);
        DispatcherBench bench;
        bench.attach();
        auto request = bench.request("c1");
        if (is_once) {  // its mark before the sending is a step of its own
            request.request.delivery = dm::proto::Delivery::at_most_once;
        }
        bench.accept(request);
        bench.confirm("c1");
        bench.ack("c1");
        bench.pass(5ms);
        bench.submit(request);
        // What a query makes of what was stored.
        const auto first = dm::core::step_after(0, bench.accepted.front().command.accepted_at.wall);
        std::vector<std::uint64_t> history;
        for (const auto& mark : bench.marks) {
            history.push_back(
                dm::core::step_after(history.empty() ? first : history.back(), mark.at));
        }
        REQUIRE(bench.states("c1") == "accepted sent delivered accepted");
        CHECK(bench.statuses[0].status.seq == first);
        CHECK(bench.statuses[1].status.seq == history[is_once ? 1 : 0]);
        CHECK(bench.statuses[2].status.seq == history.back());
        CHECK(bench.statuses[3].status.seq == first);
    }
}

TEST_CASE("a clock that is set back does not make steps run back") {
    DispatcherBench bench;
    bench.attach();
    bench.accept("c1");
    bench.clock.step_wall(-1h);
    bench.confirm("c1");
    REQUIRE(bench.states("c1") == "accepted sent");
    CHECK(*bench.statuses[1].status.seq == *bench.statuses[0].status.seq + 1);
}
