#pragma once

#include "device-mgmt/auth/sha256.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// Files of hashed secrets: one of them a line, three fields with tabs between, of which the first
/// is whose it is and the last the hash.
namespace dm::auth {

using SecretFields = std::array<std::string_view, 3>;

/// Calls `take` with the fields of each line but empty ones and those that begin with `#`; `take`
/// answers why a line is not good. The error names line and reason, never the line itself; `shape`
/// is what a line must look like. Whose a secret is may be there once.
[[nodiscard]] tl::expected<void, std::string> read_secret_lines(
    std::string_view text,
    std::string_view shape,
    const std::function<tl::expected<void, std::string>(const SecretFields&)>& take);

/// The last field: 64 digits of lower-case hex.
[[nodiscard]] tl::expected<Sha256, std::string> parse_hash(std::string_view field);

/// Such a line, with its line feed.
[[nodiscard]] std::string secret_line(std::string_view whose,
                                      std::string_view what,
                                      const Sha256& hash);

}  // namespace dm::auth
