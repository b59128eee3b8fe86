#pragma once

#include "device-mgmt/settings/sources.hpp"

#include <string>

namespace dm::store {

/// What a run of the command prints, and its exit code: 0 done, 1 failed or damaged, 2 wrong usage.
struct CliResult {
    int code = 0;
    std::string out;  ///< for standard output
    std::string err;  ///< for standard error
};

/// `store backup FILE | check`, with the store from `store.sqlite` (flag, environment, or the
/// server's own configuration by --config). `sources.arguments` begin after the word `store`.
[[nodiscard]] CliResult run_store(const settings::Sources& sources);

/// The same for main(): `argv[1]` is `store`. Prints and returns the exit code.
[[nodiscard]] int run_store(int argc, char** argv);

}  // namespace dm::store
