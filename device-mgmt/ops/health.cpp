#include "device-mgmt/ops/health.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dm::ops {

namespace {

/// cgroup v2 first, then v1; 0 when there is no limit.
std::uint64_t memory_limit() {
    for (const char* path :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::ifstream file(path);
        std::uint64_t limit = 0;
        // v1 writes "no limit" as a number close to 2^63.
        if (file >> limit && limit < (std::uint64_t{1} << 62U)) {
            return limit;
        }
    }
    return 0;
}

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void add(std::string& reasons, std::string reason) {
    reasons += reasons.empty() ? "" : "; ";
    reasons += reason;
}

bool over(std::uint64_t value, std::uint64_t limit, double share) {
    return limit != 0 && static_cast<double>(value) > static_cast<double>(limit) * share;
}

}  // namespace

ProcessUsage read_process_usage() {
    ProcessUsage usage;
    std::error_code failed;
    const std::filesystem::directory_iterator entries("/proc/self/fd", failed);
    if (!failed) {
        // One of them is the descriptor this reads with.
        usage.open_fds = static_cast<std::uint64_t>(std::distance(begin(entries), end(entries)));
        usage.open_fds -= usage.open_fds > 0 ? 1 : 0;
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        usage.max_fds = limit.rlim_cur;
    }
    usage.rss_bytes = resident_bytes();
    usage.memory_limit_bytes = memory_limit();
    return usage;
}

Readiness judge(const HealthState& state, const HealthLimits& limits, const ProcessUsage& usage) {
    std::string own;
    if (!state.started) {
        add(own, "starting");
    }
    if (state.draining) {
        add(own, "draining");
    }
    if (!state.store_writable) {
        add(own, "the store cannot be written");
    }
    const std::uint64_t sessions = state.sessions;
    if (over(sessions, limits.max_sessions, limits.max_load)) {
        add(own, fmt::format("sessions: {} of {}", sessions, limits.max_sessions));
    }
    if (over(usage.open_fds, usage.max_fds, limits.max_load)) {
        add(own, fmt::format("descriptors: {} of {}", usage.open_fds, usage.max_fds));
    }
    if (over(usage.rss_bytes, usage.memory_limit_bytes, limits.max_load)) {
        add(own,
            fmt::format("memory: {} MiB of {} MiB",
                        usage.rss_bytes >> 20U,
                        usage.memory_limit_bytes >> 20U));
    }
    if (state.loop_lag_ms > limits.max_loop_lag_ms) {
        add(own, fmt::format("loop lag: {} ms", state.loop_lag_ms.load()));
    }
    if (!own.empty()) {
        return {false, false, own};
    }
    if (!state.broker_connected) {
        return {true, true, "degraded: the broker is not connected"};
    }
    return {true, false, "ready"};
}

}  // namespace dm::ops
