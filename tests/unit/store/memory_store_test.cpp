#include "tests/support/memory_store.hpp"

#include "tests/support/device_ids.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using dm::core::FinishedCommand;
using dm::test::device_id;
using dm::test::MemoryStore;
using namespace std::chrono_literals;

namespace {

constexpr dm::proto::WallTime kStart(1'800'000'000'000ms);

dm::core::CommandKey key(const std::string& id) {
    return {device_id("dev-1"), id};
}

FinishedCommand finished(const std::string& id, dm::proto::WallTime at) {
    return {key(id),
            {"reboot", "{}", 30s, 60s},
            dm::proto::CommandState::succeeded,
            true,
            "payload of " + id,
            "message of " + id,
            std::nullopt,
            at};
}

/// A store whose completions run when told.
struct Bench {
    explicit Bench(dm::test::MemoryStoreSettings settings = {})
        : store(std::move(settings),
                [this](std::function<void()> done) { posted.push_back(std::move(done)); }) {}

    void run() {
        while (!posted.empty()) {
            const auto done = posted.front();
            posted.pop_front();
            done();
        }
    }

    void finish(const std::string& id, dm::proto::WallTime at) {
        store.finish(finished(id, at), [] {});
        run();
    }

    std::optional<FinishedCommand> find(const std::string& id) {
        std::optional<FinishedCommand> found;
        store.find_finished(key(id), [&](const auto& result) { found = result; });
        run();
        return found;
    }

    std::deque<std::function<void()>> posted;
    MemoryStore store;
};

dm::core::Command command(const std::string& id) {
    return {key(id),
            {"reboot", "{}", 30s, 60s},
            dm::proto::Delivery::at_least_once,
            false,
            {},
            {},
            {},
            1,
            {},
            {},
            {}};
}

}  // namespace

TEST_CASE("the store completes later, in the order of the calls") {
    Bench bench;
    std::string order;
    bench.store.accept(command("c1"), [&] { order += "accept "; });
    bench.store.finish(finished("c1", kStart), [&] { order += "finish "; });
    bench.store.find_finished(key("c1"),
                              [&](const auto& found) { order += found ? "found " : "missed "; });
    bench.store.accept(command("c2"), [&] { order += "accept"; });
    CHECK(order.empty());
    bench.run();
    CHECK(order == "accept finish found accept");
}

TEST_CASE("a find sees what was written before it, not after") {
    Bench bench;
    std::string seen;
    const auto look = [&](const auto& found) { seen += found ? "yes " : "no "; };
    bench.store.find_finished(key("c1"), look);
    bench.store.finish(finished("c1", kStart), [] {});
    bench.store.find_finished(key("c1"), look);
    bench.run();
    CHECK(seen == "no yes ");
}

TEST_CASE("an end is found as it was stored, under its device only") {
    Bench bench;
    bench.finish("c1", kStart);
    const auto found = bench.find("c1");
    REQUIRE(found);
    CHECK(found->payload == "payload of c1");
    CHECK(found->message_id == "message of c1");
    CHECK(found->by_reply);
    CHECK_FALSE(bench.find("c2"));
    std::optional<FinishedCommand> other;
    bench.store.find_finished({device_id("dev-2"), "c1"}, [&](const auto& r) { other = r; });
    bench.run();
    CHECK_FALSE(other);
}

TEST_CASE("an accepted command is no finished one") {
    Bench bench;
    bench.store.accept(command("c1"), [] {});
    bench.run();
    CHECK_FALSE(bench.find("c1"));
}

TEST_CASE("ends are forgotten when they are too old") {
    Bench bench({1h, 100});
    bench.finish("c1", kStart);
    bench.finish("c2", kStart + 30min);
    bench.finish("c3", kStart + 1h - 1ms);
    CHECK(bench.find("c1"));
    bench.finish("c4", kStart + 1h);
    CHECK_FALSE(bench.find("c1"));
    CHECK(bench.find("c2"));
    CHECK(bench.find("c4"));
}

TEST_CASE("ends are forgotten when they are too many, oldest first") {
    Bench bench({24h, 3});
    for (int i = 1; i <= 5; ++i) {
        bench.finish("c" + std::to_string(i), kStart + i * 1s);
    }
    CHECK_FALSE(bench.find("c1"));
    CHECK_FALSE(bench.find("c2"));
    CHECK(bench.find("c3"));
    CHECK(bench.find("c5"));
}

TEST_CASE("the dedup horizon is the age of the oldest end") {
    Bench bench({24h, 2});
    CHECK(bench.store.dedup_horizon(kStart) == 0ms);
    bench.finish("c1", kStart);
    bench.finish("c2", kStart + 10s);
    CHECK(bench.store.dedup_horizon(kStart + 15s) == 15s);
    bench.finish("c3", kStart + 20s);
    CHECK(bench.store.dedup_horizon(kStart + 20s) == 10s);
    CHECK(bench.store.dedup_horizon(kStart - 1h) == 0ms);  // the wall clock was set back
}
