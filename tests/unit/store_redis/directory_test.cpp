#include "tests/unit/store_redis/redis_node.hpp"

#include <string>
#include <variant>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

TEST_CASE("epochs of a device rise, and each attach tells the session it replaces") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    const store::Attached first = one.attach("d-1", "10.0.0.1:1");
    CHECK(first.epoch > 1'700'000'000'000);
    CHECK_FALSE(first.owned_before);
    CHECK_FALSE(first.previous.has_value());

    const store::Attached second = one.attach("d-1", "10.0.0.1:2");
    CHECK(second.epoch > first.epoch);
    CHECK(second.owned_before);
    REQUIRE(second.previous.has_value());
    CHECK(second.previous->node == "n1");
    CHECK(second.previous->epoch == first.epoch);
    CHECK(second.previous->remote == "10.0.0.1:1");
    CHECK_FALSE(second.previous->over);

    const store::Attached third = two.attach("d-1", "10.0.0.1:3");
    CHECK(third.epoch > second.epoch);
    CHECK_FALSE(third.owned_before);
    REQUIRE(third.previous.has_value());
    CHECK(third.previous->node == "n1");
    CHECK(third.previous->epoch == second.epoch);

    // An epoch in the future is passed all the same.
    server.tell({"HSET", "dm:{d-1}:dir", "epoch", "4000000000000"});
    CHECK(one.attach("d-1").epoch == 4'000'000'000'001);
}

TEST_CASE("a detach ends that session only, and the device stays with its node") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    const std::uint64_t first = one.attach("d-1").epoch;
    const std::uint64_t second = one.attach("d-1").epoch;
    CHECK_FALSE(one.detach("d-1", first));
    CHECK_FALSE(one.attach("d-1").previous->over);
    const std::uint64_t third = one.attach("d-1").epoch;
    CHECK(third > second);
    CHECK(one.detach("d-1", third));
    CHECK(one.detach("d-1", third));  // the answer was lost
    const store::Attached after = one.attach("d-1");
    CHECK(after.previous->over);
    CHECK(after.previous->epoch == third);
    CHECK(after.owned_before);
    // By another node, with the right epoch.
    static_cast<void>(two.detach("d-1", after.epoch));
    CHECK_FALSE(two.attach("d-1").previous->over);
}

TEST_CASE("an attach brings the device's unfinished commands, in order, from another node") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    static_cast<void>(one.attach("d-1"));
    for (const std::string id : {"b", "a", "c"}) {
        one.accept(accepted(key(id, "d-1")));
    }
    one.wait([&](auto done) {
        one->mark({key("a", "d-1"),
                   proto::CommandState::delivered,
                   3,
                   later(9s).wall,
                   later(1s).wall,
                   ""},
                  std::move(done));
    });
    one.finish(finished(key("b", "d-1")));
    CHECK(one.attach("d-1").unfinished.empty());

    const store::Attached moved = two.attach("d-1");
    REQUIRE(moved.unfinished.size() == 2);
    CHECK(moved.unfinished[0].key.id == "a");
    CHECK(moved.unfinished[0].state == proto::CommandState::delivered);
    CHECK(moved.unfinished[0].attempts == 3);
    CHECK(moved.unfinished[0].reply_by->wall == later(9s).wall);
    CHECK(moved.unfinished[1].key.id == "c");
}

TEST_CASE("what a node writes of a device that another one owns has no effect") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    static_cast<void>(one.attach("d-1"));
    one.accept(accepted(key("c-1", "d-1")));
    static_cast<void>(two.attach("d-1"));

    const auto never = [] { CHECK(false); };
    one->accept(accepted(key("c-2", "d-1")), never);
    one->mark({key("c-1", "d-1"), proto::CommandState::sent, 1, {}, kStart.wall, ""}, never);
    one->finish(finished(key("c-1", "d-1")), message(5), never);
    one->mark({key("c-1", "d-1"), proto::CommandState::sent, 1, {}, kStart.wall, ""});
    one.settle();
    CHECK(one.lost == std::vector<std::string>{"d-1", "d-1", "d-1", "d-1"});
    CHECK_FALSE(one.query(key("c-2", "d-1")));
    CHECK(one.query(key("c-1", "d-1"))->state == proto::CommandState::accepted);
    CHECK(one.query(key("c-1", "d-1"))->history.size() == 1);
    CHECK(one.find_outbox({5}).empty());

    two.finish(finished(key("c-1", "d-1")));
    CHECK(two.lost.empty());
    CHECK(one.query(key("c-1", "d-1"))->state == proto::CommandState::succeeded);
    CHECK(one.fatal.empty());
}

TEST_CASE("of calls made together a refused one refuses itself, in its place") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    static_cast<void>(two.attach("d-2"));
    std::string order;
    one->listen(
        {[&](const proto::DeviceId& device) { order += "lost " + device.str() + ","; }, {}});
    one->together([&] {
        one->accept(accepted(key("c-1", "d-1")), [&] { order += "c-1,"; });
        one->accept(accepted(key("c-1", "d-2")), [&] { order += "no,"; });
        one->put_outbox(message(1), [&] { order += "put,"; });
    });
    one.settle();
    CHECK(order == "c-1,lost d-2,put,");
    CHECK(one.find_outbox({1}).size() == 1);
    CHECK(one.query(key("c-1", "d-1")));
}

TEST_CASE("own takes what nobody alive owns, and tells where the device is otherwise") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    const store::Owned fresh = std::get<store::Owned>(one.try_own("d-1"));
    CHECK_FALSE(fresh.owned_before);
    CHECK(fresh.unfinished.empty());
    one.accept(accepted(key("c-1", "d-1")));
    const store::Owned again = std::get<store::Owned>(one.try_own("d-1"));
    CHECK(again.owned_before);
    CHECK(again.unfinished.size() == 1);
    CHECK(std::get<store::Elsewhere>(two.try_own("d-1")).node == "n1");
    one.close();
    const store::Owned inherited = std::get<store::Owned>(two.try_own("d-1"));
    CHECK_FALSE(inherited.owned_before);
    CHECK(inherited.unfinished.size() == 1);
}

TEST_CASE("verify names the devices that another process owns by now") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    static_cast<void>(one.attach("d-1"));
    static_cast<void>(one.attach("d-2"));
    static_cast<void>(two.attach("d-2"));
    std::optional<std::vector<proto::DeviceId>> lost;
    one->verify({device_id("d-1"), device_id("d-2"), device_id("new")},
                [&](auto devices) { lost = devices; });
    one.until([&] { return lost.has_value(); });
    CHECK(*lost == std::vector<proto::DeviceId>{device_id("d-2")});
}

TEST_CASE("after five take-overs in a minute newcomers wait, twice as long each time") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(one.attach("d-1"));
        static_cast<void>(two.attach("d-1"));
    }
    const auto duel = [](const store::AttachResult& result) {
        return std::get<store::Duel>(result);
    };
    CHECK(duel(one.try_attach("d-1")).retry_after == 1s);
    const store::Duel second = duel(one.try_attach("d-1"));
    CHECK(second.retry_after == 2s);
    CHECK(second.owner.node == "n2");
    CHECK(duel(two.try_attach("d-1")).retry_after == 4s);
    for (int i = 0; i < 5; ++i) {
        static_cast<void>(one.try_attach("d-1"));
    }
    CHECK(duel(two.try_attach("d-1")).retry_after == 60s);
    CHECK(std::holds_alternative<store::Attached>(one.try_attach("d-2")));
    CHECK(server.ask({"PTTL", "dm:{d-1}:duel"}).integer > 50'000);
    // Who is alone does not duel.
    two.close();
    CHECK(std::holds_alternative<store::Attached>(one.try_attach("d-1")));
}

TEST_CASE("the session of a node that died is no session, and its device no duel") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    const std::uint64_t epoch = one.attach("d-1").epoch;
    one.close();
    const store::Attached attached = two.attach("d-1");
    CHECK(attached.previous->over);
    CHECK(attached.epoch > epoch);
    CHECK(server.ask({"EXISTS", "dm:{d-1}:duel"}).integer == 0);
    CHECK(two.adopt().empty());
}

TEST_CASE("what was called before the device came back from another node has no effect") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    static_cast<void>(one.attach("d-1"));
    one.accept(accepted(key("c-1", "d-1")));
    static_cast<void>(two.attach("d-1"));
    // One has not heard of it: its own commands are written while it takes the device again.
    bool attached = false;
    std::size_t unfinished = 0;
    bool completed = false;
    one->attach(device_id("d-1"), "peer", [&](const store::AttachResult& result) {
        attached = true;
        unfinished = std::get<store::Attached>(result).unfinished.size();
    });
    one->finish(finished(key("c-1", "d-1")), std::nullopt, [&] { completed = true; });
    one->accept(accepted(key("c-2", "d-1")), [&] { completed = true; });
    one.until([&] { return attached; });
    one.settle();
    CHECK_FALSE(completed);
    CHECK(one.lost.empty());
    CHECK(unfinished == 1);
    CHECK_FALSE(one.find(key("c-1", "d-1")).has_value());
    // By now it knows.
    one.finish(finished(key("c-1", "d-1")));
    CHECK(one.find(key("c-1", "d-1")).has_value());
}

TEST_CASE("a command has one end, whoever else wants to end it") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    static_cast<void>(one.attach("d-1"));
    one.accept(accepted(key("c-1", "d-1")));
    one.finish(finished(key("c-1", "d-1")));
    core::FinishedCommand other = finished(key("c-1", "d-1"));
    other.payload = "another end";
    one->finish(other, std::nullopt, [] { FAIL("two ends"); });
    one.settle();
    CHECK(one.lost.size() == 1);
    CHECK(one.find(key("c-1", "d-1"))->payload != "another end");
}
