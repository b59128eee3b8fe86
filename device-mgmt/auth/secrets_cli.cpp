#include "device-mgmt/auth/secrets_cli.hpp"

#include "device-mgmt/settings/table.hpp"
#include "device-mgmt/settings/words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dm::auth {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

CliResult to_result(const SecretsCommand& command, const CliAnswer& answer) {
    if (answer) {
        return {0, *answer, ""};
    }
    const CliProblem& problem = answer.error();
    std::string text = fmt::format("{}: {}\n", command.name, problem.text);
    return problem.is_usage ? CliResult{kWrongUsage, "", text + command.usage}
                            : CliResult{kFailed, "", std::move(text)};
}

CliAnswer carry_out(const SecretsCommand& command,
                    const std::vector<std::string>& words,
                    const std::string& file) {
    const auto wrong = [](std::string text) {
        return tl::unexpected(CliProblem{std::move(text), true});
    };
    const std::string verb = words.empty() ? "" : words.front();
    const std::size_t expected = verb == "list" ? 1 : 2;
    if ((verb != "add" && verb != "remove" && verb != "list") || words.size() != expected) {
        return wrong(fmt::format("expected add {0}, remove {0} or list", command.whose));
    }
    if (file.empty()) {
        return wrong(fmt::format("--{} FILE is missing", command.key));
    }
    if (verb == "list") {
        return command.list(file);
    }
    return (verb == "add" ? command.add : command.remove)(file, words.back());
}

}  // namespace

CliResult run(const SecretsCommand& command, const settings::Sources& sources) {
    settings::Sources rest = sources;
    for (const std::string& argument : rest.arguments) {
        if (argument == "-h" || argument == "--help") {
            return {0, command.usage, ""};
        }
    }
    const std::vector<std::string> words = settings::take_words(rest.arguments);
    std::string file;
    settings::Table table({command.name, command.environment, DM_VERSION, ""});
    table.text(command.key, file, "The file.");
    if (command.add_flags) {
        command.add_flags(table);
    }
    table.allow_other_keys_in_file();
    if (const auto loaded = table.load(rest); !loaded) {
        const auto& [code, text] = loaded.error();
        return code == 0 ? CliResult{0, text, ""} : CliResult{code, "", text};
    }
    return to_result(command, carry_out(command, words, file));
}

int run(const SecretsCommand& command, int argc, char** argv) {
    const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
    const CliResult result = run(command, {arguments, settings::read_environment()});
    std::fputs(result.out.c_str(), stdout);
    std::fputs(result.err.c_str(), stderr);
    return result.code;
}

}  // namespace dm::auth
