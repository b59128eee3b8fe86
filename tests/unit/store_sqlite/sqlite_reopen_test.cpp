#include "tests/unit/store_sqlite/samples.hpp"

#include <chrono>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// What is on disk at this moment, as after a kill: nothing was closed or checkpointed.
std::string snapshot(const fs::path& folder, const std::string& name) {
    const fs::path copy = folder / name;
    fs::create_directory(copy);
    for (const std::string file : {"store.db", "store.db-wal"}) {
        if (fs::exists(folder / file)) {
            fs::copy(folder / file, copy / file);
        }
    }
    return (copy / "store.db").string();
}

core::Command full_command() {
    core::Command command = accepted(key("c-1"), later(-10s));
    command.delivery = proto::Delivery::at_most_once;
    command.report_states = true;
    command.reply_to = {"answers/x", std::string("\0\xff\n", 3)};
    command.traceparent = "00-trace";
    command.operator_name = "anna";
    return command;
}

store::OutboxRow full_message() {
    return {42,
            "answers/x",
            R"({"state":"succeeded"})",
            std::string("\0\xff", 2),
            {{"message_id", "m-1"}, {"type", "terminal"}},
            "dm/replies/dev-1",
            key("c-2")};
}

}  // namespace

TEST_CASE("after a kill everything that completed is there") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    CHECK(store.loaded.unfinished.empty());
    store.accept(full_command());
    store.accept(accepted(key("c-2")));
    store.accept(accepted(key("c-3")));
    store->imported(99);
    store->acknowledged(41);
    store->set_epoch(1'900'000'000'555);
    store.finish(finished(key("c-2"), kStart, "the end"), full_message());

    OpenStore again(snapshot(folder.path(), "killed"));
    const store::Loaded& loaded = again.loaded;
    REQUIRE(loaded.unfinished.size() == 2);
    const core::Command& command = loaded.unfinished[0];
    CHECK(command.key == key("c-1"));
    CHECK(command.content.args == full_command().content.args);
    CHECK(command.content.timeout == 30s);
    CHECK(command.delivery == proto::Delivery::at_most_once);
    CHECK(command.report_states);
    CHECK(command.reply_to.topic == "answers/x");
    CHECK(command.reply_to.correlation == full_command().reply_to.correlation);
    CHECK(command.traceparent == "00-trace");
    CHECK(command.operator_name == "anna");
    CHECK(command.accepted_at.wall == later(-10s).wall);
    CHECK(command.accepted_at.mono == later(-10s).mono);
    CHECK(command.send_by.wall == later(50s).wall);
    CHECK(command.send_by.mono == later(50s).mono);
    CHECK_FALSE(command.reply_by);
    CHECK(command.state == proto::CommandState::accepted);
    CHECK(loaded.unfinished[1].key == key("c-3"));
    CHECK(loaded.unfinished[1].number > command.number);
    REQUIRE(loaded.outbox.size() == 1);
    CHECK(loaded.outbox[0] == 42);
    CHECK(loaded.acknowledged == 41);
    const auto rows = again.find_outbox({41, 42});
    REQUIRE(rows.size() == 1);
    const store::OutboxRow& row = rows[0];
    CHECK(row.number == 42);
    CHECK(row.topic == full_message().topic);
    CHECK(row.payload == full_message().payload);
    CHECK(row.correlation == full_message().correlation);
    CHECK(row.user_properties == full_message().user_properties);
    CHECK(row.fallback_topic == "dm/replies/dev-1");
    CHECK(row.key == key("c-2"));
    CHECK(loaded.durable_lsn == 99);
    CHECK(again->durable_lsn() == 99);
    CHECK(loaded.epoch == 1'900'000'000'555);
    CHECK(again.find(key("c-2"))->payload == "the end");
    CHECK_FALSE(again.find(key("c-1")));
    CHECK(again->dedup_horizon(later(7s).wall) == 7s);
}

TEST_CASE("an end after a restart replaces what an earlier process accepted") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore first(path);
    first.accept(accepted(key("c-1")));
    first.close();
    OpenStore second(path);
    REQUIRE(second.loaded.unfinished.size() == 1);
    second.accept(accepted(key("c-2")));
    second.finish(finished(key("c-1"), later(3s)));
    const auto record = second.query(key("c-1"));
    REQUIRE(record);
    CHECK(record->accepted_at == kStart.wall);
    CHECK(record->history.size() == 2);
    second.close();
    OpenStore third(path);
    REQUIRE(third.loaded.unfinished.size() == 1);
    CHECK(third.loaded.unfinished[0].key == key("c-2"));
}

TEST_CASE("a command that is accepted twice is stored once") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    store.accept(accepted(key("c-1")));
    store.accept(accepted(key("c-1")));
    store.close();
    CHECK(OpenStore(path).loaded.unfinished.size() == 1);
}

TEST_CASE("removed messages do not come back, the others do in order") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    for (std::uint64_t number = 1; number <= 20; ++number) {
        store.wait([&](auto done) { store->put_outbox(message(number), std::move(done)); });
    }
    store->remove_outbox({3, 1, 2, 10, 19, 18, 77});
    store.close();
    std::string numbers;
    for (const std::uint64_t number : OpenStore(path).loaded.outbox) {
        numbers += std::to_string(number) + " ";
    }
    CHECK(numbers == "4 5 6 7 8 9 11 12 13 14 15 16 17 20 ");
}

TEST_CASE("a process that is killed at once may have given out epochs: the next begins above") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    CHECK(store.loaded.epoch == 0);
    const auto unix_ms = static_cast<std::uint64_t>(kStart.wall.time_since_epoch().count());
    CHECK(store.loaded.reserved_epoch >= unix_ms + store::kEpochsReservedAtStart);
    OpenStore again(snapshot(folder.path(), "killed"));
    CHECK(again.loaded.epoch == store.loaded.reserved_epoch);
    CHECK(again.loaded.reserved_epoch > again.loaded.epoch + store::kEpochsReservedAtStart / 2);
}

TEST_CASE("a clean close leaves one file and keeps what nobody waited for") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    store.accept(accepted(key("c-1")));
    store->mark({key("c-1"), proto::CommandState::sent, 1, later(30s).wall, kStart.wall, ""});
    store->imported(5);
    store->acknowledged(7);
    store->acknowledged(6);
    store->set_epoch(1'900'000'000'006);
    store.close();
    CHECK_FALSE(fs::exists(path + "-wal"));
    OpenStore again(path);
    CHECK(again.loaded.durable_lsn == 5);
    CHECK(again.loaded.epoch == 1'900'000'000'006);
    CHECK(again.loaded.acknowledged == 7);
    REQUIRE(again.loaded.unfinished.size() == 1);
    CHECK(again.loaded.unfinished[0].attempts == 1);
    CHECK(again.loaded.unfinished[0].state == proto::CommandState::sent);
    CHECK(again.loaded.unfinished[0].reply_by->mono == later(30s).mono);
}

TEST_CASE("ends of an earlier process are found once their keys are collected, and before") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    constexpr int kEnds = 2000;
    {
        OpenStore store(path);
        int done = 0;
        for (int i = 0; i < kEnds; ++i) {
            store->finish(finished(key(std::to_string(i))), [&] { ++done; });
        }
        store.posted.run_until([&] { return done == kEnds; });
    }
    OpenStore again(path);
    for (int i = 0; i < kEnds; i += 100) {
        CHECK(again.find(key(std::to_string(i))));
        CHECK_FALSE(again.find(key("new " + std::to_string(i))));
    }
}

TEST_CASE("a hundred thousand unfinished commands load quickly") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    constexpr int kCommands = 100'000;
    {
        OpenStore store(path);
        int done = 0;
        for (int i = 0; i < kCommands; ++i) {
            store->accept(accepted(key("c-" + std::to_string(i), "dev-" + std::to_string(i % 999))),
                          [&] { ++done; });
        }
        store.posted.run_until([&] { return done == kCommands; });
    }
    const auto begun = std::chrono::steady_clock::now();
    const OpenStore again(path);
    const auto took = std::chrono::steady_clock::now() - begun;
    CHECK(again.loaded.unfinished.size() == kCommands);
    MESSAGE("loaded in " << std::chrono::duration<double>(took).count() << " s");
}
