#include "device-mgmt/ops/health.hpp"

#include <fmt/format.h>

namespace dm::ops {

namespace {

void add(std::string& reasons, const std::string& reason) {
    reasons += reasons.empty() ? "" : "; ";
    reasons += reason;
}

/// A limit of 0 is none.
bool is_over(std::uint64_t value, std::uint64_t limit, double share) {
    return limit != 0 && static_cast<double>(value) > static_cast<double>(limit) * share;
}

void add_memory(std::string& reasons, const ProcessUsage& usage, double share) {
    constexpr unsigned kMebibyte = 20;
    if (is_over(usage.rss_bytes, usage.usable_memory_bytes, share)) {
        add(reasons,
            fmt::format("memory: {} MiB of {} MiB",
                        usage.rss_bytes >> kMebibyte,
                        usage.usable_memory_bytes >> kMebibyte));
    }
}

/// What is this node's own to fix; empty when all is well.
std::string own_reasons(const HealthState& state,
                        const HealthLimits& limits,
                        const ProcessUsage& usage) {
    std::string reasons;
    if (!state.started) {
        add(reasons, "starting");
    }
    if (state.draining) {
        add(reasons, "draining");
    }
    if (const char* problem = state.store_problem) {
        add(reasons, problem);
    }
    const std::uint64_t sessions = state.sessions;
    if (is_over(sessions, limits.max_sessions, limits.max_load)) {
        add(reasons, fmt::format("sessions: {} of {}", sessions, limits.max_sessions));
    }
    if (is_over(usage.open_fds, usage.max_fds, limits.max_load)) {
        add(reasons, fmt::format("descriptors: {} of {}", usage.open_fds, usage.max_fds));
    }
    add_memory(reasons, usage, limits.max_load);
    const std::int64_t lag_ms = state.loop_lag_ms;
    if (lag_ms > limits.max_loop_lag_ms) {
        add(reasons, fmt::format("loop lag: {} ms", lag_ms));
    }
    return reasons;
}

}  // namespace

std::string overload(const HealthState& state,
                     const HealthLimits& limits,
                     const ProcessUsage& usage) {
    std::string reasons;
    add_memory(reasons, usage, (1 + limits.max_load) / 2);
    const std::int64_t lag_ms = state.loop_lag_ms;
    if (lag_ms > limits.overload_loop_lag_ms) {
        add(reasons, fmt::format("loop lag: {} ms", lag_ms));
    }
    return reasons;
}

Readiness judge(const HealthState& state, const HealthLimits& limits, const ProcessUsage& usage) {
    const std::string own = own_reasons(state, limits, usage);
    if (!own.empty()) {
        return {false, false, own};
    }
    std::string away;
    if (!state.broker_connected) {
        add(away, "the broker is not connected");
    }
    if (state.shared_store_away) {
        add(away, "the shared store does not answer");
    }
    if (!away.empty()) {
        return {true, true, "degraded: " + away};
    }
    return {true, false, "ready"};
}

}  // namespace dm::ops
