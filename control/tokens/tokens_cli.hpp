#pragma once

#include "device-mgmt/settings/sources.hpp"

#include <string>

namespace dm::control {

/// What a run of the command prints, and its exit code: 0 done, 1 failed, 2 wrong usage.
struct CliResult {
    int code = 0;
    std::string out;  ///< for standard output: the new token, or the list
    std::string err;  ///< for standard error
};

/// `tokens add NAME --role ROLE | remove NAME | list`, with the file from `auth.operator_tokens`
/// (flag, environment, or control's own configuration by --config). `sources.arguments` begin after
/// the word `tokens`.
[[nodiscard]] CliResult run_tokens(const settings::Sources& sources);

/// The same for main(): `argv[1]` is `tokens`. Prints and returns the exit code.
[[nodiscard]] int run_tokens(int argc, char** argv);

}  // namespace dm::control
