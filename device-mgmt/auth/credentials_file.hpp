#pragma once

#include "device-mgmt/auth/sha256.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::auth {

inline constexpr std::size_t kMaxCredentialsBytes = std::size_t{64} << 20U;
inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kMaxSaltBytes = 64;

/// One line of the credentials file.
struct Credential {
    proto::DeviceId device;
    std::string salt;  ///< raw bytes
    Sha256 hash;       ///< SHA-256 of salt ‖ secret, the secret as it is told: its text
};

/// Empty lines and lines that begin with `#` are allowed. The error names line and reason, never
/// the line itself.
[[nodiscard]] tl::expected<std::vector<Credential>, std::string> parse_credentials(
    std::string_view text);

/// A line with its line feed.
[[nodiscard]] std::string to_line(const Credential& credential);

/// Whether HTTP Basic can carry the id: `user-id:password` is split at the first colon.
[[nodiscard]] bool fits_basic(const proto::DeviceId& device);

}  // namespace dm::auth
