#include "control/tokens/tokens_cli.hpp"

#include "control/tokens/token_file.hpp"
#include "device-mgmt/settings/table.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dm::control {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kUsage =
    "Usage: control tokens add NAME --role operator|viewer --auth.operator_tokens FILE\n"
    "                                                    prints the token, once\n"
    "       control tokens remove NAME --auth.operator_tokens FILE\n"
    "       control tokens list        --auth.operator_tokens FILE\n"
    "\n"
    "The file may also come from CONTROL_AUTH_OPERATOR_TOKENS or from --config. An operator may "
    "do\n"
    "everything, a viewer only read. A running control notices the change by itself.\n";

/// Words that are neither flags nor their values, and the value of --role.
struct Words {
    std::vector<std::string> words;
    std::string role;
};

Words take_words(std::vector<std::string>& arguments) {
    Words taken;
    std::vector<std::string> flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument.rfind("--role=", 0) == 0) {
            taken.role = argument.substr(7);
        } else if (argument == "--role") {
            taken.role = i + 1 < arguments.size() ? arguments[++i] : "";
        } else if (argument.empty() || argument.front() != '-') {
            taken.words.push_back(argument);
        } else {
            flags.push_back(argument);
            const bool value_follows = argument.find('=') == std::string::npos;
            if (value_follows && i + 1 < arguments.size()) {
                flags.push_back(arguments[++i]);
            }
        }
    }
    arguments = std::move(flags);
    return taken;
}

CliResult usage(const std::string& problem) {
    return {kWrongUsage, "", fmt::format("control tokens: {}\n{}", problem, kUsage)};
}

CliResult failure(const std::string& problem) {
    return {kFailed, "", fmt::format("control tokens: {}\n", problem)};
}

CliResult list(const std::string& file) {
    const auto tokens = read_tokens(file);
    if (!tokens) {
        return failure(tokens.error());
    }
    CliResult result;
    for (const OperatorToken& token : *tokens) {
        result.out += fmt::format("{}\t{}\n", token.name.str(), word(token.role));
    }
    return result;
}

CliResult add(const std::string& file, const proto::Name& name, const std::string& role_word) {
    const auto role = parse_role(role_word);
    if (!role) {
        return usage("--role operator or --role viewer is missing");
    }
    const auto token = add_token(file, name, *role);
    return token ? CliResult{0, *token + '\n', ""} : failure(token.error());
}

CliResult remove(const std::string& file, const proto::Name& name) {
    const auto removed = remove_token(file, name);
    return removed ? CliResult{} : failure(removed.error());
}

}  // namespace

CliResult run_tokens(const settings::Sources& sources) {
    settings::Sources rest = sources;
    for (const std::string& argument : rest.arguments) {
        if (argument == "-h" || argument == "--help") {
            return {0, kUsage, ""};
        }
    }
    const auto [words, role] = take_words(rest.arguments);
    std::string file;
    settings::Table table({"control tokens", "CONTROL_", DM_VERSION, ""});
    table.text("auth.operator_tokens", file, "The file of the operators' tokens.");
    table.allow_other_keys_in_file();
    if (const auto loaded = table.load(rest); !loaded) {
        const auto& [code, text] = loaded.error();
        return code == 0 ? CliResult{0, text, ""} : CliResult{code, "", text};
    }
    const std::string verb = words.empty() ? "" : words.front();
    const std::size_t expected = verb == "list" ? 1 : 2;
    if ((verb != "add" && verb != "remove" && verb != "list") || words.size() != expected) {
        return usage("expected add NAME, remove NAME or list");
    }
    if (file.empty()) {
        return usage("--auth.operator_tokens FILE is missing");
    }
    if (verb == "list") {
        return list(file);
    }
    const auto name = proto::Name::parse(words.back());
    if (!name) {
        return usage(fmt::format("'{}' is no name: {}", words.back(), what(name.error())));
    }
    return verb == "add" ? add(file, *name, role) : remove(file, *name);
}

int run_tokens(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
    const CliResult result = run_tokens({arguments, settings::read_environment()});
    std::fputs(result.out.c_str(), stdout);
    std::fputs(result.err.c_str(), stderr);
    return result.code;
}

}  // namespace dm::control
