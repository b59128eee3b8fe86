#pragma once

#include "device-mgmt/settings/sources.hpp"

#include <string>

namespace dm::auth {

/// What a run of the command prints, and its exit code: 0 done, 1 failed, 2 wrong usage.
struct CliResult {
    int code = 0;
    std::string out;  ///< for standard output: the new secret, or the ids
    std::string err;  ///< for standard error
};

/// `credentials add ID | remove ID | list`, with the file from `auth.credentials` (flag,
/// environment, or the server's own configuration by --config). `sources.arguments` begin after the
/// word `credentials`.
[[nodiscard]] CliResult run_credentials(const settings::Sources& sources);

/// The same for main(): `argv[1]` is `credentials`. Prints and returns the exit code.
[[nodiscard]] int run_credentials(int argc, char** argv);

}  // namespace dm::auth
