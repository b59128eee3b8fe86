#pragma once

#include <string>
#include <vector>

namespace dm::settings {

/// Takes out of a command line the words that are neither flags nor their values: a subcommand and
/// what it is about. Every flag here has a value, behind `=` or as the next argument.
[[nodiscard]] std::vector<std::string> take_words(std::vector<std::string>& arguments);

}  // namespace dm::settings
