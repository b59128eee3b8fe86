#include "tests/unit/store_redis/redis_node.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

core::Command full_command() {
    core::Command command = accepted(key("c-1"), later(-10s));
    command.delivery = proto::Delivery::at_most_once;
    command.report_states = true;
    command.reply_to = {"answers/x", std::string("\0\xff\n", 3)};
    command.traceparent = "00-trace";
    command.operator_name = "anna";
    return command;
}

/// One whose clock stands still.
redis::RedisSettings still(redis::RedisSettings settings) {
    settings.clock = [] { return kStart; };
    return settings;
}

}  // namespace

TEST_CASE("a process that comes after has everything that was completed") {
    const RedisProcess server;
    RedisNode first(still(settings_of(server, "n1")));
    CHECK(first.loaded.unfinished.empty());
    first.accept(full_command());
    first.accept(accepted(key("c-2", "dev-2")));
    first.accept(accepted(key("c-3", "dev-0")));
    first->imported(99);
    first->acknowledged(41);
    first->acknowledged(40);
    first->set_epoch(1'900'000'000'555);
    first.wait([&](auto done) {
        first->mark(
            {key("c-3", "dev-0"), proto::CommandState::sent, 2, later(30s).wall, kStart.wall, ""},
            std::move(done));
    });
    first.finish(finished(key("c-2", "dev-2"), kStart, "the end"), message(42));

    // The earlier one is not closed: as after a kill.
    RedisNode again(still(settings_of(server, "n1")));
    const store::Loaded& loaded = again.loaded;
    REQUIRE(loaded.unfinished.size() == 2);
    const core::Command& command = loaded.unfinished[0];
    CHECK(command.key == key("c-1"));
    CHECK(command.content.args == full_command().content.args);
    CHECK(command.delivery == proto::Delivery::at_most_once);
    CHECK(command.report_states);
    CHECK(command.reply_to.topic == "answers/x");
    CHECK(command.reply_to.correlation == full_command().reply_to.correlation);
    CHECK(command.operator_name == "anna");
    CHECK(command.accepted_at.mono == later(-10s).mono);
    CHECK(command.send_by.mono == later(50s).mono);
    CHECK_FALSE(command.reply_by);
    CHECK(command.state == proto::CommandState::accepted);
    CHECK(loaded.unfinished[1].key == key("c-3", "dev-0"));
    CHECK(loaded.unfinished[1].number > command.number);
    CHECK(loaded.unfinished[1].state == proto::CommandState::sent);
    CHECK(loaded.unfinished[1].attempts == 2);
    CHECK(loaded.unfinished[1].reply_by->mono == later(30s).mono);
    CHECK(loaded.outbox == std::vector<std::uint64_t>{42});
    CHECK(again.find_outbox({41, 42}).size() == 1);
    CHECK(loaded.durable_lsn == 99);
    CHECK(loaded.acknowledged == 41);
    CHECK(again->durable_lsn() == 99);
    CHECK(loaded.epoch == 1'900'000'000'555);
    CHECK(loaded.reserved_epoch == 1'900'000'000'555 + store::kEpochsReservedAtStart);
    CHECK(again.find(key("c-2", "dev-2"))->payload == "the end");
    CHECK(again->dedup_horizon(later(7s).wall) == 7s);
    CHECK(again.adopt().empty());

    SUBCASE("and an end replaces what the earlier one accepted") {
        again.finish(finished(key("c-1"), later(3s)));
        CHECK(again.query(key("c-1"))->history.size() == 2);
        CHECK(again.query(key("c-1"))->accepted_at == later(-10s).wall);
        again.close();
        CHECK(RedisNode(still(settings_of(server, "n1"))).loaded.unfinished.size() == 1);
    }
    SUBCASE("and the earlier one, should it live on, writes nothing any more") {
        first->finish(finished(key("c-1")), [] { CHECK(false); });
        first.until([&] { return !first.lost.empty(); });
        CHECK_FALSE(again.find(key("c-1")));
    }
}

TEST_CASE("all devices of earlier processes are loaded, however many") {
    const RedisProcess server;
    constexpr int kDevices = 350;
    {
        RedisNode node(server, "n1");
        int done = 0;
        for (int i = 0; i < kDevices; ++i) {
            const std::string device = "dev-" + std::to_string(i);
            node->accept(accepted(key("a", device)), [&] { ++done; });
            node->accept(accepted(key("b", device)), [&] { ++done; });
        }
        node.until([&] { return done == 2 * kDevices; });
    }
    RedisNode again(server, "n1");
    REQUIRE(again.loaded.unfinished.size() == 2 * kDevices);
    for (std::size_t i = 1; i < again.loaded.unfinished.size(); ++i) {
        CHECK(again.loaded.unfinished[i - 1].number < again.loaded.unfinished[i].number);
    }
    CHECK(again.adopt().empty());
}

TEST_CASE("removed messages do not come back, the others do in order") {
    const RedisProcess server;
    {
        RedisNode node(server, "n1");
        for (std::uint64_t number = 1; number <= 20; ++number) {
            node.put(message(number));
        }
        node->remove_outbox({3, 1, 2, 10, 19, 18, 77});
    }
    CHECK(RedisNode(server, "n1").loaded.outbox ==
          std::vector<std::uint64_t>{4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 20});
}

TEST_CASE("devices outlive the process, and those it left online are offline") {
    const RedisProcess server;
    RedisNode other(server, "n2");
    proto::DeviceDetails elsewhere = connected("d-3", 9);
    elsewhere.node = "n2";
    other->save_device(elsewhere);
    other.settle();
    {
        RedisNode node(server, "n1");
        node->save_device(connected("d-1", 7));
        node->save_device(gone(connected("d-2", 8), later(1s)));
    }
    RedisNode again(server, "n1");
    REQUIRE(again.find_device("d-1").has_value());
    CHECK_FALSE(again.find_device("d-1")->online);
    CHECK(again.find_device("d-1")->reason == store::kNodeStopped);
    CHECK(again.find_device("d-1")->since == kStart.wall);
    CHECK(again.find_device("d-2")->reason == "going_away");
    CHECK(again.find_device("d-3")->online);
}

TEST_CASE("the history of an end tells why") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    node.finish(finished(
        key("c-1"), kStart, R"({"status":"rejected","error":{"code":"device_rejected"}})"));
    node.finish(finished(key("c-2"), kStart, R"({"status":"ok"})"));
    CHECK(node.query(key("c-1"))->history.back().detail == "device_rejected");
    CHECK(node.query(key("c-2"))->history.back().detail == "ok");
}

TEST_CASE("too many queries at once are answered busy, none is left out") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    constexpr int kQueries = 20'000;
    int answered = 0;
    int busy = 0;
    for (int i = 0; i < kQueries; ++i) {
        node->find_by_id("x", [&](const auto& answer) {
            ++answered;
            busy += answer ? 0 : 1;
        });
    }
    node.until([&] { return answered == kQueries; });
    CHECK(busy < kQueries);
}
