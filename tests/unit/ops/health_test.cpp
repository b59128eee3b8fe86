#include "device-mgmt/ops/health.hpp"

#include <doctest/doctest.h>

using dm::ops::HealthLimits;
using dm::ops::HealthState;
using dm::ops::judge;
using dm::ops::ProcessUsage;

namespace {

struct Node {
    HealthState state;
    HealthLimits limits;
    ProcessUsage usage{100, 1000, 10 << 20U, 100 << 20U};

    Node() {
        state.started = true;
        state.broker_connected = true;
        state.sessions = 10;
        limits.max_sessions = 100;
    }

    [[nodiscard]] dm::ops::Readiness verdict() const { return judge(state, limits, usage); }
};

}  // namespace

TEST_CASE("a node with everything in order is ready") {
    const Node node;
    CHECK(node.verdict().ready);
    CHECK_FALSE(node.verdict().degraded);
    CHECK(node.verdict().text == "ready");
}

TEST_CASE("without the broker a node is ready but degraded") {
    Node node;
    node.state.broker_connected = false;
    CHECK(node.verdict().ready);
    CHECK(node.verdict().degraded);
    CHECK(node.verdict().text == "degraded: the broker is not connected");
}

TEST_CASE("what is the node's own makes it not ready and is named") {
    Node node;
    SUBCASE("starting") {
        node.state.started = false;
        CHECK(node.verdict().text == "starting");
    }
    SUBCASE("draining") {
        node.state.draining = true;
        CHECK(node.verdict().text == "draining");
    }
    SUBCASE("disk") {
        node.state.store_problem = "the disk of the store is full";
        CHECK(node.verdict().text == "the disk of the store is full");
    }
    SUBCASE("sessions") {
        node.state.sessions = 81;
        CHECK(node.verdict().text == "sessions: 81 of 100");
    }
    SUBCASE("descriptors") {
        node.usage.open_fds = 801;
        CHECK(node.verdict().text == "descriptors: 801 of 1000");
    }
    SUBCASE("memory") {
        node.usage.rss_bytes = 81 << 20U;
        CHECK(node.verdict().text == "memory: 81 MiB of 100 MiB");
    }
    SUBCASE("lag") {
        node.state.loop_lag_ms = 251;
        CHECK(node.verdict().text == "loop lag: 251 ms");
    }
    SUBCASE("several, also without the broker") {
        node.state.draining = true;
        node.state.loop_lag_ms = 300;
        node.state.broker_connected = false;
        CHECK(node.verdict().text == "draining; loop lag: 300 ms");
    }
    CHECK_FALSE(node.verdict().ready);
}

TEST_CASE("exactly at a limit, and without one, a node is ready") {
    Node node;
    node.state.sessions = 80;
    node.usage.open_fds = 800;
    node.state.loop_lag_ms = 250;
    CHECK(node.verdict().ready);
    node.limits.max_sessions = 0;
    node.state.sessions = 1'000'000;
    node.usage = {1000, 0, 1U << 30U, 0};
    CHECK(node.verdict().ready);
}

TEST_CASE("newcomers are turned away later than a balancer is told to stay away") {
    Node node;
    SUBCASE("memory") {
        node.usage.rss_bytes = 90 << 20U;
        CHECK_FALSE(node.verdict().ready);
        CHECK(overload(node.state, node.limits, node.usage).empty());
        node.usage.rss_bytes = 91 << 20U;
        CHECK(overload(node.state, node.limits, node.usage) == "memory: 91 MiB of 100 MiB");
    }
    SUBCASE("loop lag") {
        node.state.loop_lag_ms = 2000;
        CHECK_FALSE(node.verdict().ready);
        CHECK(overload(node.state, node.limits, node.usage).empty());
        node.state.loop_lag_ms = 2001;
        CHECK(overload(node.state, node.limits, node.usage) == "loop lag: 2001 ms");
    }
    SUBCASE("sessions and descriptors have bounds of their own") {
        node.state.sessions = 1000;
        node.usage.open_fds = 1000;
        CHECK(overload(node.state, node.limits, node.usage).empty());
    }
}
