#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/config.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/loop/loop.hpp"
#include "device-mgmt/net/capacity.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "device-mgmt/node_store.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/metrics.hpp"
#include "device-mgmt/ops/ops_server.hpp"
#include "device-mgmt/relay/relay.hpp"
#include "device-mgmt/settings/file_watch.hpp"
#include "device-mgmt/settings/sources.hpp"
#include "device-mgmt/shard/shard.hpp"
#include "device-mgmt/store/ingress_log.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm {

/// The whole process: built top to bottom, drained, stopped in reverse. One thread, main's.
class App {
public:
    /// Builds and starts everything. The error is for the operator: what could not be had.
    /// `sources` is where `config` came from: SIGHUP reads the log level there again.
    [[nodiscard]] static tl::expected<std::unique_ptr<App>, std::string> start(
        const Config& config, const settings::Sources& sources);

    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Waits for SIGTERM or SIGINT (which must be blocked in every thread), drains, and returns
    /// the exit code: 0 when nothing was cut short. A second signal ends the drain at once.
    /// Meanwhile certificate, keys, ticket keys and credentials are read again on SIGHUP and when
    /// their files change; what cannot be read leaves the old ones in force.
    [[nodiscard]] int run();

private:
    App(const Config& config, settings::Sources sources);

    [[nodiscard]] tl::expected<void, std::string> start_parts();
    [[nodiscard]] tl::expected<store::Loaded, std::string> open_store();
    void make_relay(store::Loaded loaded);
    [[nodiscard]] tl::expected<void, std::string> start_shards();
    [[nodiscard]] tl::expected<void, std::string> load_secrets();
    [[nodiscard]] tl::expected<std::shared_ptr<const net::TlsContext>, std::string> load_tls();
    void rotate_tickets(core::Moment now);
    void reload();
    /// Tells when the server's certificate is over, and warns 30 days before, once a day.
    void watch_certificate(core::Moment now);
    void reload_log_level();
    [[nodiscard]] std::size_t sessions() const;
    /// Any thread.
    [[nodiscard]] ops::DrainAnswer ask_to_drain(ops::DrainRequest wanted);
    /// Nothing is left to drain; `left_at`: when the broker session was given up, if it is to be.
    [[nodiscard]] bool is_through(core::Instant left_at) const;
    [[nodiscard]] bool drain();
    /// Every 0.1 s, in which a storm brings memory for some hundred sessions: how late the loops
    /// are, and whether to turn newcomers away.
    void watch_load();

    Config config_;
    settings::Sources sources_;
    settings::FileWatch watch_;
    net::TicketKeys tickets_ = net::TicketKeys::random();  ///< unless listen.ticket_keys is set
    core::Instant next_ticket_rotation_ = core::read_clock().mono + net::TicketKeys::kRotation;
    std::shared_ptr<const net::TlsContext> tls_;  ///< null: plain ws
    std::shared_ptr<const auth::KeyRing> keys_;
    core::Instant next_certificate_look_ = core::Instant::max();
    ops::Metrics metrics_;
    ops::HealthState health_;
    ops::HealthLimits health_limits_;
    loop::Loop relay_loop_{"relay"};
    NodeStore store_;
    std::unique_ptr<store::IngressLog> ingress_;
    std::unique_ptr<broker::Broker> broker_;  ///< stopped before the relay, its listener, is gone
    std::unique_ptr<relay::Relay> relay_;
    std::optional<net::Capacity> capacity_;  ///< outlives the shards; set before they are
    bool overloaded_ = false;
    std::atomic<bool> drain_asked_{false};
    std::atomic<bool> leaving_{false};  ///< asked for, with the drain
    std::vector<std::unique_ptr<shard::Shard>> shards_;
    std::unique_ptr<ops::OpsServer> ops_;
};

}  // namespace dm
