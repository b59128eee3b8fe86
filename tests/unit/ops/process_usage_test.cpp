#include "device-mgmt/ops/process_usage.hpp"

#include "device-mgmt/ops/health.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::ops::memory_limit_files;
using dm::ops::parse_memory_limit;

TEST_CASE("a memory limit is looked for in the own group before the root's") {
    const std::vector<std::string> root{"/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    CHECK(memory_limit_files("") == root);
    CHECK(memory_limit_files("0::/\n") == root);
    CHECK(memory_limit_files("0::/system.slice/dm.service\n").front() ==
          "/sys/fs/cgroup/system.slice/dm.service/memory.max");
    CHECK(memory_limit_files("5:cpu,cpuacct:/a\n4:memory:/docker/x\n").front() ==
          "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes");
    CHECK(memory_limit_files("nonsense") == root);
}

TEST_CASE("no limit is told in two ways and both are understood") {
    CHECK(parse_memory_limit("1048576\n") == 1048576U);
    CHECK_FALSE(parse_memory_limit("max\n"));
    CHECK_FALSE(parse_memory_limit("9223372036854771712\n"));
    CHECK_FALSE(parse_memory_limit(""));
}

TEST_CASE("a part of a memory limit is kept back") {
    using dm::ops::usable_memory;
    CHECK(usable_memory(0) == 0);
    CHECK(usable_memory(40'000'000) == 30'000'000);
    CHECK(usable_memory(std::uint64_t{1024} << 20U) == std::uint64_t{1008} << 20U);
}

TEST_CASE("this process has descriptors, a limit of them and memory") {
    const auto usage = dm::ops::read_process_usage();
    CHECK(usage.open_fds >= 3);
    CHECK(usage.open_fds < usage.max_fds);
    CHECK(usage.rss_bytes > 1'000'000);
    CHECK(dm::ops::cpu_seconds() >= 0.0);
}
