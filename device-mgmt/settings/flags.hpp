#pragma once

#include "device-mgmt/settings/entry.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dm::settings {

/// What a command line says.
struct Flags {
    bool help = false;
    bool version = false;
    bool check_config = false;
    bool print_config = false;
    std::optional<std::string> config;
    std::vector<Entry> entries;
    std::vector<Problem> problems;
    bool readable = true;  ///< false: it could not be taken apart; entries may be missing
};

/// Reads `--key value` and `--key=value` for the keys given; a boolean's value may be left out and
/// is true then; a list may be given several times. `arguments` come without the program's name.
[[nodiscard]] Flags parse_flags(const std::vector<std::string>& arguments,
                                const std::vector<std::pair<std::string, Type>>& keys);

/// `unknown key`, with a suggestion if one is near.
[[nodiscard]] std::string unknown_key(const std::string& key,
                                      const std::vector<std::pair<std::string, Type>>& keys);

}  // namespace dm::settings
