#pragma once

#include "protocol/ids.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dm::store {

/// Names of groups as stores keep them: with a blank between, which no name contains.
[[nodiscard]] std::string join_groups(const std::vector<proto::Name>& groups);

/// The reverse; what is no name is left out.
[[nodiscard]] std::vector<proto::Name> split_groups(std::string_view text);

}  // namespace dm::store
