#include "control/tokens/token_file.hpp"

#include "device-mgmt/auth/base64.hpp"
#include "device-mgmt/auth/secret_lines.hpp"
#include "device-mgmt/files/read_file.hpp"
#include "device-mgmt/files/update_file.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dm::control {

namespace {

constexpr std::size_t kTokenBytes = 32;

using Tokens = std::vector<OperatorToken>;

tl::expected<OperatorToken, std::string> parse(const auth::SecretFields& fields) {
    const auto name = proto::Name::parse(fields[0]);
    if (!name) {
        return tl::unexpected(fmt::format("the name {}", what(name.error())));
    }
    const auto role = parse_role(fields[1]);
    if (!role) {
        return tl::unexpected(std::string{"the role is neither operator nor viewer"});
    }
    const auto hash = auth::parse_hash(fields[2]);
    if (!hash) {
        return tl::unexpected(hash.error());
    }
    return OperatorToken{*name, *role, *hash};
}

std::string to_text(const Tokens& tokens) {
    std::string text;
    for (const OperatorToken& token : tokens) {
        text += auth::secret_line(token.name.str(), word(token.role), token.hash);
    }
    return text;
}

/// Parses, changes and writes the file; `change` answers why not.
template <class Change>
tl::expected<void, std::string> change_tokens(const std::string& file,
                                              bool may_be_new,
                                              Change change) {
    return files::update_file(
        file,
        may_be_new,
        kMaxTokenFileBytes,
        [&](std::string_view old) -> tl::expected<std::string, std::string> {
            auto tokens = parse_tokens(old);
            if (!tokens) {
                return tl::unexpected(fmt::format("{}: {}", file, tokens.error()));
            }
            if (const std::optional<std::string> refused = change(*tokens)) {
                return tl::unexpected(fmt::format("{}: {}", file, *refused));
            }
            return to_text(*tokens);
        });
}

auto has_name(const proto::Name& name) {
    return [&name](const OperatorToken& token) { return token.name == name; };
}

}  // namespace

std::string_view word(Role role) {
    return role == Role::operator_ ? "operator" : "viewer";
}

std::optional<Role> parse_role(std::string_view text) {
    if (text == "operator") {
        return Role::operator_;
    }
    if (text == "viewer") {
        return Role::viewer;
    }
    return std::nullopt;
}

tl::expected<Tokens, std::string> parse_tokens(std::string_view text) {
    Tokens tokens;
    const auto read = auth::read_secret_lines(
        text,
        "name<TAB>role<TAB>sha256",
        [&](const auth::SecretFields& fields) -> tl::expected<void, std::string> {
            auto token = parse(fields);
            if (!token) {
                return tl::unexpected(std::move(token.error()));
            }
            if (tokens.size() == kMaxTokens) {
                return tl::unexpected(fmt::format("more than {} tokens", kMaxTokens));
            }
            tokens.push_back(std::move(*token));
            return {};
        });
    if (!read) {
        return tl::unexpected(read.error());
    }
    return tokens;
}

tl::expected<Tokens, std::string> read_tokens(const std::string& file) {
    const auto text = files::read_file(file, kMaxTokenFileBytes);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto tokens = parse_tokens(*text);
    if (!tokens) {
        return tl::unexpected(fmt::format("{}: {}", file, tokens.error()));
    }
    return tokens;
}

tl::expected<std::string, std::string> add_token(const std::string& file,
                                                 const proto::Name& name,
                                                 Role role) {
    std::string token = auth::encode_base64url(auth::random_octets(kTokenBytes));
    const auto changed =
        change_tokens(file, true, [&](Tokens& tokens) -> std::optional<std::string> {
            if (std::any_of(tokens.begin(), tokens.end(), has_name(name))) {
                return fmt::format("{} has a token; remove it first", name.str());
            }
            if (tokens.size() == kMaxTokens) {
                return fmt::format("has {} tokens already", kMaxTokens);
            }
            tokens.push_back({name, role, auth::sha256(token)});
            return std::nullopt;
        });
    if (!changed) {
        return tl::unexpected(changed.error());
    }
    return token;
}

tl::expected<void, std::string> remove_token(const std::string& file, const proto::Name& name) {
    return change_tokens(file, false, [&](Tokens& tokens) -> std::optional<std::string> {
        const auto old = std::find_if(tokens.begin(), tokens.end(), has_name(name));
        if (old == tokens.end()) {
            return fmt::format("has no {}", name.str());
        }
        tokens.erase(old);
        return std::nullopt;
    });
}

}  // namespace dm::control
