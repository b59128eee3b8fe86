#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::settings {

/// The name a person most likely meant by `typed`: the one with the smallest edit distance, if it
/// is at most a third of the length; or the only name that ends in `.typed`.
[[nodiscard]] std::optional<std::string> nearest(std::string_view typed,
                                                 const std::vector<std::string>& names);

}  // namespace dm::settings
