#include "device-mgmt/relay/stopped_sessions.hpp"

#include "tests/support/device_ids.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/unit/relay/relay_node.hpp"

#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm;
using test::kFirst;
using test::kSecond;
using test::Node;
using test::says;

TEST_CASE("a device that was online when the process died is told offline by the next one") {
    Node node;
    node.open(kFirst);
    node.kill();
    static_cast<void>(node.broker().take_published());
    node.start();
    node.pass(loop::Loop::kTick);
    const auto presence = node.on("dm/presence/d-1");
    REQUIRE(presence.size() == 1);
    CHECK(presence[0].retain);
    CHECK(says(presence[0], R"("online":false)"));
    CHECK(says(presence[0], R"("reason":"node_stopped")"));
}

TEST_CASE("a device that is back before it could be told offline stays online") {
    Node node;
    node.open(kFirst);
    node.kill();
    static_cast<void>(node.broker().take_published());
    node.start();
    node.open(kSecond);
    node.pass(loop::Loop::kTick);
    const auto presence = node.on("dm/presence/d-1");
    REQUIRE(presence.size() == 1);
    CHECK(says(presence[0], R"("online":true)"));
}

TEST_CASE("a session whose end was told is not told again by the next process") {
    Node node;
    node.open(kFirst);
    node.report(kFirst, core::SessionClosed{proto::CloseCode::normal, ""});
    node.kill();
    static_cast<void>(node.broker().take_published());
    node.start();
    node.pass(loop::Loop::kTick);
    CHECK(node.on("dm/presence/d-1").empty());
}

TEST_CASE("all pages are read, each once, and another node's devices are left to it") {
    std::vector<std::function<void()>> posted;
    test::MemoryStore store({},
                            [&](std::function<void()> run) { posted.push_back(std::move(run)); });
    constexpr std::size_t kCount = relay::StoppedSessions::kPage + 1;
    for (std::size_t i = 0; i < kCount; ++i) {
        store.save_device({test::device_id("d-" + std::to_string(i)),
                           true,
                           i + 1,
                           i == 0 ? "n2" : "n1",
                           {},
                           "connected",
                           {},
                           {},
                           {},
                           {},
                           {},
                           {}});
    }
    static_cast<void>(store.load({}));
    std::size_t told = 0;
    relay::StoppedSessions sessions(store, "n1", [&](const auto&) { ++told; });
    for (int turn = 0; turn < 4; ++turn) {
        sessions.pump();
        sessions.pump();
        for (const auto& run : std::exchange(posted, {})) {
            run();
        }
    }
    CHECK(told == kCount - 1);
    sessions.pump();
    CHECK(posted.empty());
}
