#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace dm::ops {

/// What the node knows about itself; written by the parts concerned, read by the ops endpoint.
/// Every field is independent, so relaxed atomics suffice.
struct HealthState {
    std::atomic<bool> started{false};
    std::atomic<bool> draining{false};
    std::atomic<bool> broker_connected{false};
    /// What keeps the node from taking commands; null: nothing. A literal, so it lives long enough.
    std::atomic<const char*> store_problem{nullptr};
    std::atomic<bool> shared_store_away{false};
    std::atomic<std::uint64_t> sessions{0};
    std::atomic<std::int64_t> loop_lag_ms{0};  ///< the worst of the last few seconds
};

struct HealthLimits {
    std::uint64_t max_sessions = 0;  ///< 0: no bound
    double max_load = 0.8;           ///< share of sessions, descriptors, memory
    std::int64_t max_loop_lag_ms = 250;
    /// Beyond this, newcomers are turned away as well: no more handshakes until the loops are back.
    std::int64_t overload_loop_lag_ms = 2000;
};

struct Readiness {
    bool ready;        ///< false: 503
    bool degraded;     ///< true with ready: 200, or 503 with ?strict=1
    std::string text;  ///< `ready`, `degraded: …`, or the reasons
};

/// Descriptors and memory of this process, as read from /proc and the cgroup.
struct ProcessUsage {
    std::uint64_t open_fds = 0;
    std::uint64_t max_fds = 0;
    std::uint64_t rss_bytes = 0;
    std::uint64_t usable_memory_bytes = 0;  ///< of the cgroup's limit, see usable_memory(); 0: none
};

[[nodiscard]] ProcessUsage read_process_usage();

/// The same without the descriptors, for which the kernel walks through all of them.
[[nodiscard]] ProcessUsage read_memory_usage();

/// Why newcomers must be turned away although they would fit; empty: they need not. Later than
/// `/readyz`: what is on its way when a balancer turns away still finds room. Memory: half-way
/// between max_load and what is usable. Pure.
[[nodiscard]] std::string overload(const HealthState& state,
                                   const HealthLimits& limits,
                                   const ProcessUsage& usage);

/// The verdict of `/readyz`. Pure.
[[nodiscard]] Readiness judge(const HealthState& state,
                              const HealthLimits& limits,
                              const ProcessUsage& usage);

}  // namespace dm::ops
