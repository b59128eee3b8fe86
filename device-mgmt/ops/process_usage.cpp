#include "device-mgmt/ops/process_usage.hpp"

#include "device-mgmt/ops/health.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace dm::ops {

namespace {

constexpr std::string_view kRoot = "/sys/fs/cgroup";
constexpr std::uint64_t kMemoryReserve = std::uint64_t{16} << 20U;
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62U;

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

std::uint64_t count_descriptors() {
    std::error_code error;
    const std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error) {
        return 0;
    }
    const auto count = std::distance(begin(entries), end(entries));
    return static_cast<std::uint64_t>(std::max<decltype(count)>(count - 1, 0));  // less our own
}

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t memory_limit() {
    for (const std::string& path : memory_limit_files(content_of("/proc/self/cgroup"))) {
        if (const auto limit = parse_memory_limit(content_of(path))) {
            return *limit;
        }
    }
    return 0;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::vector<std::string> memory_limit_files(std::string_view proc_self_cgroup) {
    std::vector<std::string> files;
    while (!proc_self_cgroup.empty()) {
        const auto end = std::min(proc_self_cgroup.find('\n'), proc_self_cgroup.size());
        const std::string_view line = proc_self_cgroup.substr(0, end);
        proc_self_cgroup.remove_prefix(std::min(end + 1, proc_self_cgroup.size()));
        // `hierarchy:controllers:path`; v2 has hierarchy 0 and no controllers.
        const auto first = line.find(':');
        const auto second =
            first == std::string_view::npos ? std::string_view::npos : line.find(':', first + 1);
        if (second == std::string_view::npos) {
            continue;
        }
        const std::string path(line.substr(second + 1));
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        if (path != "/" && controllers.empty()) {
            files.push_back(std::string(kRoot) + path + "/memory.max");
        } else if (path != "/" && controllers == "memory") {
            files.push_back(std::string(kRoot) + "/memory" + path + "/memory.limit_in_bytes");
        }
    }
    files.push_back(std::string(kRoot) + "/memory.max");
    files.push_back(std::string(kRoot) + "/memory/memory.limit_in_bytes");
    return files;
}

std::optional<std::uint64_t> parse_memory_limit(std::string_view content) {
    std::uint64_t limit = 0;
    const auto parsed = std::from_chars(content.data(), content.data() + content.size(), limit);
    if (parsed.ec != std::errc{} || limit == 0 || limit >= kUnlimited) {
        return std::nullopt;
    }
    return limit;
}

std::uint64_t usable_memory(std::uint64_t limit) {
    return limit - std::min(kMemoryReserve, limit / 4);
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

ProcessUsage read_memory_usage() {
    ProcessUsage usage;
    usage.rss_bytes = resident_bytes();
    usage.usable_memory_bytes = usable_memory(memory_limit());
    return usage;
}

ProcessUsage read_process_usage() {
    ProcessUsage usage = read_memory_usage();
    usage.open_fds = count_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        usage.max_fds = limit.rlim_cur;
    }
    return usage;
}

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    return static_cast<std::size_t>(
        std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace dm::ops
