#pragma once

#include "tests/simulation/device.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/fake_broker.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/node.hpp"
#include "tests/simulation/operators.hpp"
#include "tests/simulation/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace dm::simulation {

/// What a run came across: that it was worth something.
struct Tally {
    std::size_t events = 0;
    std::size_t commands = 0;  ///< accepted
    std::size_t executions = 0;
    std::size_t kills = 0;  ///< of the node
    std::size_t broker_kills = 0;
};

/// One run: operators, a broker, a node and its devices for half a minute in which anything goes
/// wrong, and then as long as it takes until everything has come to its end. The same seed gives
/// the same run.
class World {
public:
    /// `trace`: where to write what happens; may be null. `metrics` are only counted into.
    World(std::uint64_t seed, Lie lie, std::FILE* trace, ops::Metrics& metrics);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// The first promise that was broken; empty: none.
    [[nodiscard]] std::string run();

    [[nodiscard]] Tally tally() const;

private:
    void plan_faults();
    void fail_somewhere();
    void upset(Device& device);
    void kill_node();
    void kill_broker();
    void step_clock();
    void start_node();

    /// From now on everything works.
    void calm_down();
    /// Whether those who listen, and those who come now, are told that the device is online.
    [[nodiscard]] bool is_present(const Device& device) const;
    [[nodiscard]] bool is_settled() const;
    void check_end();

    Run run_;
    Disk disk_;
    core::DispatchSettings dispatch_;
    core::SessionSettings session_;
    Ledger ledger_;
    FakeBroker broker_;
    ops::Metrics& metrics_;
    std::vector<std::unique_ptr<Device>> devices_;
    std::unique_ptr<Operators> operators_;
    std::unique_ptr<Node> node_;  ///< null: down
    bool is_thorough_;            ///< waits until nothing is kept for the broker any more
    std::size_t kills_ = 0;
    std::size_t broker_kills_ = 0;
};

}  // namespace dm::simulation
