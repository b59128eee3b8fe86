#pragma once

#include "control/config.hpp"
#include "control/metrics.hpp"
#include "control/service.hpp"
#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/ops_server.hpp"
#include "device-mgmt/settings/file_watch.hpp"
#include "device-mgmt/settings/sources.hpp"

#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace dm::control {

/// The whole process: built top to bottom, drained, stopped in reverse. One thread, main's.
class App {
public:
    /// Builds and starts everything. The error is for the operator: what could not be had.
    /// `sources` is where `config` came from: SIGHUP reads the log level there again.
    [[nodiscard]] static tl::expected<std::unique_ptr<App>, std::string> start(
        const Config& config, const settings::Sources& sources);

    /// Waits for SIGTERM or SIGINT (which must be blocked in every thread), lets calls end, and
    /// returns the exit code. A second signal ends the drain at once. Meanwhile the tokens are read
    /// again when their file changes, and on SIGHUP; what cannot be read leaves the old ones in
    /// force.
    [[nodiscard]] int run();

private:
    App(const Config& config, settings::Sources sources);

    [[nodiscard]] tl::expected<void, std::string> start_parts();
    void reload_tokens();
    void reload_log_level();

    Config config_;
    settings::Sources sources_;
    settings::FileWatch watch_;
    Metrics metrics_;
    ops::HealthState health_;
    std::unique_ptr<broker::Broker> broker_;  ///< stopped before the service, its listener, is gone
    std::unique_ptr<Service> service_;
    std::unique_ptr<ops::OpsServer> ops_;
};

}  // namespace dm::control
