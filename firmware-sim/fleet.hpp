#pragma once

#include "firmware-sim/clock.hpp"
#include "firmware-sim/counters.hpp"
#include "firmware-sim/notices.hpp"
#include "firmware-sim/scenario.hpp"
#include "firmware-sim/source_addresses.hpp"
#include "firmware-sim/worker.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::sim {

struct FleetSize {
    std::size_t devices = 1;
    std::size_t first = 0;  ///< number of the first device
    std::string prefix = "sim-";
    double rate = 100;  ///< devices that begin to connect per second
    std::size_t threads = 1;
    std::string journal;  ///< folder; empty: none is kept
};

/// `<prefix>` and at least five digits.
[[nodiscard]] std::string device_name(const std::string& prefix, std::size_t number);

/// All devices of the process, dealt out to a few threads.
class Fleet {
public:
    /// The error says why the ids or the journal are not possible. `scenario` and `notices` outlive
    /// the fleet.
    [[nodiscard]] static tl::expected<std::unique_ptr<Fleet>, std::string> make(
        const FleetSettings& settings,
        const FleetSize& size,
        const Scenario& scenario,
        const SourceAddresses& sources,
        Notices& notices);

    void start();
    /// Closes all sessions; returns when they are closed or given up.
    void stop();

    /// The counter's sum over all threads.
    [[nodiscard]] std::uint64_t total(Counter Counters::*counter) const;

    /// After stop().
    [[nodiscard]] Experience experience() const;

private:
    Fleet() = default;

    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace dm::sim
