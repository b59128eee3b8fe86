#pragma once

#include <string_view>

namespace dm::proto {

/// Whether two JSON texts have the same value: member order, white space and the spelling of
/// strings and floats do not count; an integer and a float (1 and 1.0) are different. Equal texts
/// are equal without a look inside; texts that are no JSON are equal only to themselves.
[[nodiscard]] bool equal_json(std::string_view a, std::string_view b);

}  // namespace dm::proto
