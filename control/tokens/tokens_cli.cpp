#include "control/tokens/tokens_cli.hpp"

#include "control/tokens/token_file.hpp"
#include "device-mgmt/settings/table.hpp"

#include <memory>

#include <fmt/format.h>

namespace dm::control {

namespace {

using auth::CliAnswer;
using auth::CliProblem;

constexpr const char* kUsage =
    "Usage: control tokens add NAME --role operator|viewer --auth.operator_tokens FILE\n"
    "                                                    prints the token, once\n"
    "       control tokens remove NAME --auth.operator_tokens FILE\n"
    "       control tokens list        --auth.operator_tokens FILE\n"
    "\n"
    "The file may also come from CONTROL_AUTH_OPERATOR_TOKENS or from --config. An operator may "
    "do\n"
    "everything, a viewer only read. A running control notices the change by itself.\n";

tl::expected<proto::Name, CliProblem> parse_name(const std::string& text) {
    const auto name = proto::Name::parse(text);
    if (!name) {
        return tl::unexpected(
            CliProblem{fmt::format("'{}' is no name: {}", text, what(name.error())), true});
    }
    return *name;
}

CliAnswer add(const std::string& file, const std::string& text, const std::string& role_word) {
    const auto name = parse_name(text);
    if (!name) {
        return tl::unexpected(name.error());
    }
    const auto role = parse_role(role_word);
    if (!role) {
        return tl::unexpected(CliProblem{"--role operator or --role viewer is missing", true});
    }
    const auto token = add_token(file, *name, *role);
    if (!token) {
        return tl::unexpected(CliProblem{token.error()});
    }
    return *token + '\n';
}

CliAnswer remove(const std::string& file, const std::string& text) {
    const auto name = parse_name(text);
    if (!name) {
        return tl::unexpected(name.error());
    }
    if (const auto removed = remove_token(file, *name); !removed) {
        return tl::unexpected(CliProblem{removed.error()});
    }
    return std::string{};
}

CliAnswer list(const std::string& file) {
    const auto tokens = read_tokens(file);
    if (!tokens) {
        return tl::unexpected(CliProblem{tokens.error()});
    }
    std::string text;
    for (const OperatorToken& token : *tokens) {
        text += fmt::format("{}\t{}\n", token.name.str(), word(token.role));
    }
    return text;
}

}  // namespace

auth::SecretsCommand tokens_command() {
    const auto role = std::make_shared<std::string>();
    return {
        "control tokens",
        "CONTROL_",
        "auth.operator_tokens",
        "NAME",
        kUsage,
        [role](settings::Table& table) { table.text("role", *role, "operator or viewer."); },
        [role](const std::string& file, const std::string& name) { return add(file, name, *role); },
        remove,
        list};
}

}  // namespace dm::control
