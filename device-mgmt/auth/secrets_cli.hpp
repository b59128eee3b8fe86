#pragma once

#include "device-mgmt/settings/sources.hpp"

#include <functional>
#include <string>

#include <tl/expected.hpp>

namespace dm::settings {
class Table;
}  // namespace dm::settings

namespace dm::auth {

/// What a run of a command prints, and its exit code: 0 done, 1 failed, 2 wrong usage.
struct CliResult {
    int code = 0;
    std::string out;  ///< for standard output: the new secret, or the list
    std::string err;  ///< for standard error
};

/// Why a command did nothing.
struct CliProblem {
    std::string text;
    bool is_usage = false;
};

using CliAnswer = tl::expected<std::string, CliProblem>;

/// A command that keeps a file of secrets: `add WHOSE`, `remove WHOSE` and `list`.
struct SecretsCommand {
    std::string name;         ///< `device-mgmt credentials`
    std::string environment;  ///< `DEVICE_MGMT_`
    std::string key;          ///< of the file, also in the program's own configuration
    std::string whose;        ///< the word for it in messages: `ID`
    std::string usage;
    std::function<void(settings::Table&)> add_flags = {};  ///< further ones, if any
    std::function<CliAnswer(const std::string& file, const std::string& whose)> add;
    std::function<CliAnswer(const std::string& file, const std::string& whose)> remove;
    std::function<CliAnswer(const std::string& file)> list;
};

/// `sources.arguments` begin after the command's words. The file comes from a flag, the
/// environment, or the program's configuration by --config.
[[nodiscard]] CliResult run(const SecretsCommand& command, const settings::Sources& sources);

/// The same for main(): `argv[1]` is the command's second word. Prints and returns the exit code.
[[nodiscard]] int run(const SecretsCommand& command, int argc, char** argv);

}  // namespace dm::auth
