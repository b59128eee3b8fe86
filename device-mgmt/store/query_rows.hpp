#pragma once

#include "device-mgmt/store/query.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <optional>
#include <string>
#include <vector>

/// Queries over both tables of commands; `node` is where unfinished ones are.
namespace dm::store {

[[nodiscard]] std::optional<CommandRecord> read_command(const Database& database,
                                                        const std::string& node,
                                                        const core::CommandKey& key);

[[nodiscard]] std::vector<CommandRecord> read_by_id(const Database& database,
                                                    const std::string& node,
                                                    const std::string& id);

[[nodiscard]] CommandList read_list(const Database& database, const ListRequest& request);

}  // namespace dm::store
