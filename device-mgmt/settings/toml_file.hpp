#pragma once

#include "device-mgmt/settings/entry.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::settings {

inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

/// The entries of a TOML file with their lines, tables flattened to dotted keys. The problem is a
/// file that cannot be read, or its first syntax error.
[[nodiscard]] tl::expected<std::vector<Entry>, Problem> read_toml_file(const std::string& path);

}  // namespace dm::settings
