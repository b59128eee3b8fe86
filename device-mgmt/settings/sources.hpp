#pragma once

#include <map>
#include <string>
#include <vector>

/// What goes into loading a configuration, and how it may end the program.
namespace dm::settings {

using Environment = std::map<std::string, std::string>;

/// The environment of this process.
[[nodiscard]] Environment read_environment();

struct Sources {
    std::vector<std::string> arguments;  ///< without the program's name
    Environment environment;
};

/// The program is to end: print `text` (to standard output if `code` is 0, else to standard error)
/// and exit with `code`.
struct Exit {
    int code;
    std::string text;
};

inline constexpr int kExitBadConfiguration = 2;

}  // namespace dm::settings
