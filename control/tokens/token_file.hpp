#pragma once

#include "device-mgmt/auth/sha256.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

/// The file of the operators' tokens: lines `name<TAB>role<TAB>sha256(token)`. A token has 32
/// random bytes, so its hash needs no salt. Changed like the devices' credentials
/// (files/update_file.hpp).
namespace dm::control {

inline constexpr std::size_t kMaxTokens = 1000;
inline constexpr std::size_t kMaxTokenFileBytes = std::size_t{1} << 20U;

/// What a token allows: a viewer reads, an operator does everything.
enum class Role {
    viewer,
    operator_,  // NOLINT(readability-identifier-naming): the word alone is a keyword
};

[[nodiscard]] std::string_view word(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);

struct OperatorToken {
    proto::Name name;
    Role role = Role::viewer;
    auth::Sha256 hash{};
};

/// Empty lines and lines that begin with `#` are allowed; a name is there once. The error names
/// line and reason, never the line itself.
[[nodiscard]] tl::expected<std::vector<OperatorToken>, std::string> parse_tokens(
    std::string_view text);

/// Reads the file; an error names it.
[[nodiscard]] tl::expected<std::vector<OperatorToken>, std::string> read_tokens(
    const std::string& file);

/// Adds a token, and the file if there is none; returns the token, which is kept nowhere. An error
/// when the name has one.
[[nodiscard]] tl::expected<std::string, std::string> add_token(const std::string& file,
                                                               const proto::Name& name,
                                                               Role role);

/// Error when there is no such name in the file.
[[nodiscard]] tl::expected<void, std::string> remove_token(const std::string& file,
                                                           const proto::Name& name);

}  // namespace dm::control
