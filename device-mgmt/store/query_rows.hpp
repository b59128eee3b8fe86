#pragma once

#include "device-mgmt/store/query.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Queries over both tables of commands; `node` is where unfinished ones are.
namespace dm::store {

/// The unfinished commands that may be meant. Absent: not known, any of them; then all are read,
/// half a second's work with a million.
using SeqsIfKnown = std::optional<std::vector<std::uint64_t>>;

[[nodiscard]] std::optional<CommandRecord> read_command(const Database& database,
                                                        const std::string& node,
                                                        const core::CommandKey& key,
                                                        const SeqsIfKnown& unfinished);

[[nodiscard]] std::vector<CommandRecord> read_by_id(const Database& database,
                                                    const std::string& node,
                                                    const std::string& id,
                                                    const SeqsIfKnown& unfinished);

[[nodiscard]] CommandList read_list(const Database& database, const ListRequest& request);

}  // namespace dm::store
