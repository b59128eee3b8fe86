#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Parsing what the kernel says about this process. Reading it: read_process_usage() in health.hpp.
namespace dm::ops {

/// The files that may hold this process's memory limit, nearest first, from the content of
/// /proc/self/cgroup: those of its own group (v2 and v1), then those of the mount's root, which is
/// the own group's in a container.
[[nodiscard]] std::vector<std::string> memory_limit_files(std::string_view proc_self_cgroup);

/// The limit in such a file; empty for `max`, and for v1's way to say so: a number near 2^63.
[[nodiscard]] std::optional<std::uint64_t> parse_memory_limit(std::string_view content);

/// What is left of a limit for sessions and commands: 16 MiB less, for the store's cache, which
/// fills with time, and for what is under way – or a quarter less where that is smaller.
[[nodiscard]] std::uint64_t usable_memory(std::uint64_t limit);

/// User and system time of this process since its start.
[[nodiscard]] double cpu_seconds();

/// Raises the soft limit of descriptors to the hard one; the limit that is in force then.
[[nodiscard]] std::size_t raise_descriptor_limit();

}  // namespace dm::ops
