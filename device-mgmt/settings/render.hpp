#pragma once

#include "device-mgmt/settings/table.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dm::settings {

/// `text` broken at spaces into lines of at most `width`, each behind `indent`.
[[nodiscard]] std::string wrap(std::string_view text, std::string_view indent, std::size_t width);

[[nodiscard]] std::string render_toml(const Program& program, const std::vector<Key>& keys);
[[nodiscard]] std::string render_help(const Program& program, const std::vector<Key>& keys);

}  // namespace dm::settings
