#pragma once

#include "device-mgmt/core/session.hpp"
#include "device-mgmt/loop/loop.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/metrics.hpp"
#include "device-mgmt/relay/relay.hpp"
#include "tests/simulation/connection.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/fake_broker.hpp"
#include "tests/simulation/fake_store.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/run.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace dm::simulation {

/// What of the surroundings a node works with.
struct NodeSurroundings {
    Run& run;
    Disk& disk;
    FakeBroker& broker;
    Ledger& ledger;
    ops::Metrics& metrics;
};

/// One process, from its start to its kill: a real relay whose loop is run by hand, a turn at a
/// time, between the broker, a store and shards with real sessions. Between any two turns it can be
/// killed, and all threads are as far apart as chance wants.
class Node {
public:
    Node(NodeSurroundings surroundings,
         const core::DispatchSettings& dispatch,
         core::SessionSettings session);

    /// Killed: nobody is told anything; devices notice sooner or later.
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// A device connects and has proven who it is.
    void connect(Device& device, LinkNumber number);

    /// Null when it is over.
    [[nodiscard]] Connection* connection(LinkNumber number);

    void stall_store(core::Instant until) { store_.stall(until); }

    /// The relay's thread gets no turn before.
    void stall_relay(core::Instant until) { stalled_until_ = until; }

    // ---- for its connections ----

    void report(Connection& connection, core::ReportBody body);

    /// It is over: removed at one of the next turns, never inside its own call.
    void forget_later(LinkNumber number);

private:
    struct Shard {
        std::deque<core::Order> orders;
        bool is_due = false;
    };

    /// Whoever has given the relay's loop something to do.
    void wake();
    void turn();
    void tick();
    /// Has the relay look at its next deadline when that is due.
    void arm();

    void post(core::Order order);
    void take_orders(std::uint32_t of);
    void carry_out(core::Order& order);
    [[nodiscard]] Connection* find(core::SessionRef ref);

    NodeSurroundings in_;
    Run& run_;
    core::SessionSettings session_settings_;
    Schedule::Owner process_;
    loop::Loop loop_{"relay"};
    ops::HealthState health_;
    FakeStore store_;
    BrokerClient broker_;
    std::array<Shard, 2> shards_;
    std::map<LinkNumber, std::unique_ptr<Connection>> connections_;
    std::uint64_t next_session_ = 1;
    std::chrono::milliseconds tick_;
    core::Instant stalled_until_{};
    bool is_due_ = false;
    std::optional<core::Instant> armed_;
    relay::Relay relay_;
};

}  // namespace dm::simulation
