#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::store {

struct BackupResult {
    std::uint64_t bytes = 0;
};

/// Copies the store at `path`, as it is at one moment, into the new file `to`, while a server may
/// go on writing to it. The copy appears under its name only when it is complete and durable.
/// Meanwhile the store's WAL grows by what is written.
[[nodiscard]] tl::expected<BackupResult, std::string> back_up(const std::string& path,
                                                              const std::string& to);

struct StateCount {
    std::string state;
    std::uint64_t commands = 0;
};

struct CheckResult {
    std::int64_t schema = 0;
    std::vector<std::string> problems;  ///< empty: sound
    std::vector<StateCount> unfinished;
    std::vector<StateCount> finished;
    std::uint64_t outbox = 0;
    std::uint64_t ingress_lsn = 0;
};

/// Reads every page of the store at `path` and compares tables with indexes and counts. Takes as
/// long as reading the file does; a server may go on.
[[nodiscard]] tl::expected<CheckResult, std::string> check_store(const std::string& path);

}  // namespace dm::store
