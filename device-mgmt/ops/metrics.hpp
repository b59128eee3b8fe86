#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dm::ops {

/// All metrics of a node (docs/operations.md lists them). Thread-safe; every method is a few atomic
/// operations: label sets are closed and looked up once, an unknown label counts as `other`.
class Metrics {
public:
    using Seconds = std::chrono::duration<double>;

    explicit Metrics(const std::string& version);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // Sessions.
    void session_opened();                         ///< dm_session_opens_total, dm_sessions +1
    void session_closed(std::string_view reason);  ///< dm_session_closes_total, dm_sessions −1
    void takeover();
    /// A command or cancel went on to the node that owns its device.
    void handed_over();
    void handshake(Seconds duration);              ///< accept → 101
    void upgrade_refused(int status);              ///< dm_upgrades_refused_total{status}
    void handshake_failed(std::string_view what);  ///< dm_handshake_failures_total{reason}
    void auth_refused(std::string_view reason);    ///< dm_auth_refused_total{reason}

    // Frames: direction `in` or `out`, type as in protocol/frames.hpp, or `invalid`.
    void frame_in(std::string_view type);
    void frame_out(std::string_view type);

    // Commands: a CommandState's word, `rejected`, or `late`.
    void command(std::string_view state);
    void rejection(std::string_view code);  ///< dm_rejections_total{code}
    /// `intake` (arrival → taken up), `accept` (submitted → durable), `send` (accepted → first
    /// sent), `reply` (sent → reply), `total` (accepted → terminal).
    void command_stage(std::string_view stage, Seconds duration);
    void set_commands_waiting(std::uint64_t count);
    void set_commands_unfinished(std::uint64_t count);

    // Broker, store, outbox.
    void set_broker_connected(bool connected);
    void broker_message(std::string_view kind);  ///< dm_broker_messages_total{kind}
    void broker_dropped(std::string_view kind);  ///< dm_broker_dropped_total{kind}: QoS 0 lost
    void states_coalesced(std::size_t count);    ///< dm_states_coalesced_total
    void set_outbox(std::uint64_t rows);
    void store_commit(Seconds duration);
    void set_dedup_horizon(Seconds age);
    void ingress_dropped(std::uint64_t bytes);  ///< dm_ingress_dropped_bytes_total: damage at start

    // Certificates, keys and credentials.
    void reloaded(bool all_good);  ///< dm_reloads_total{result}, dm_last_reload_successful
    void set_certificate_expiry(std::chrono::system_clock::time_point when);

    // Queries, and messages of streams and broadcasts.
    /// dm_queries_total{query,result}, dm_query_seconds. `result`: `ok` or a QueryError's word.
    void query(std::string_view query, std::string_view result, Seconds duration);
    void messages(std::string_view result, std::uint64_t count);  ///< dm_messages_total{result}
    void set_subscriptions(std::uint64_t count);

    /// Longest delay seen between posting to a loop and running there; loop `relay`, `shard-0` …
    void loop_lag(std::string_view loop, Seconds lag);

    /// Sessions open now, as counted by opened and closed.
    [[nodiscard]] std::uint64_t sessions() const;

    /// Prometheus text exposition 0.0.4, with process_* read at the call.
    [[nodiscard]] std::string text() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::ops
