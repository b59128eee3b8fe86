#include "control/tokens/token_file.hpp"

#include "device-mgmt/auth/base64.hpp"
#include "device-mgmt/auth/file_text.hpp"
#include "device-mgmt/auth/file_update.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace dm::control {

namespace {

constexpr std::size_t kTokenBytes = 32;

using Tokens = std::vector<OperatorToken>;

tl::expected<OperatorToken, std::string> parse_line(std::string_view line) {
    const std::size_t first = line.find('\t');
    const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    if (second == std::string_view::npos) {
        return tl::unexpected(std::string{"must be name<TAB>role<TAB>sha256"});
    }
    const auto name = proto::Name::parse(line.substr(0, first));
    if (!name) {
        return tl::unexpected(fmt::format("the name {}", what(name.error())));
    }
    const auto role = parse_role(line.substr(first + 1, second - first - 1));
    if (!role) {
        return tl::unexpected(std::string{"the role is neither operator nor viewer"});
    }
    const auto hash = auth::from_hex(line.substr(second + 1));
    OperatorToken token{*name, *role, {}};
    if (!hash || hash->size() != token.hash.size()) {
        return tl::unexpected(std::string{"the hash is not 64 digits of lower-case hex"});
    }
    std::copy(hash->begin(), hash->end(), token.hash.begin());
    return token;
}

std::string to_text(const Tokens& tokens) {
    std::string text;
    for (const OperatorToken& token : tokens) {
        const std::string hash(token.hash.begin(), token.hash.end());
        text += fmt::format("{}\t{}\t{}\n", token.name.str(), word(token.role), auth::to_hex(hash));
    }
    return text;
}

/// Parses, changes and writes the file; `change` answers why not.
template <class Change>
tl::expected<void, std::string> change_tokens(const std::string& file,
                                              bool may_be_new,
                                              Change change) {
    return auth::update_file(
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
    std::set<std::string> seen;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty() || line.front() == '#') {
            continue;
        }
        auto token = parse_line(line);
        if (!token) {
            return tl::unexpected(fmt::format("line {}: {}", number, token.error()));
        }
        if (!seen.insert(token->name.str()).second) {
            return tl::unexpected(
                fmt::format("line {}: {} is there twice", number, token->name.str()));
        }
        if (tokens.size() == kMaxTokens) {
            return tl::unexpected(fmt::format("more than {} tokens", kMaxTokens));
        }
        tokens.push_back(std::move(*token));
    }
    return tokens;
}

tl::expected<Tokens, std::string> read_tokens(const std::string& file) {
    const auto text = auth::read_file(file, kMaxTokenFileBytes);
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
