#pragma once

#include "device-mgmt/auth/identity.hpp"
#include "protocol/time.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::auth {

inline constexpr std::size_t kMaxGroups = 32;

/// What a verified token says, checked in itself.
struct Claims {
    Identity identity;  ///< method token, expires_at = `exp`
    /// The later of `nbf` and `iat`; the epoch if there is neither.
    proto::WallTime not_before;
};

/// Reads the claims set (RFC 7519 section 4.1): `sub` and `exp` are required, `aud` and `iss` must
/// be what is expected unless that is empty, `groups` must be at most kMaxGroups names.
[[nodiscard]] tl::expected<Claims, AuthProblem> read_claims(std::string_view json,
                                                            const std::string& audience,
                                                            const std::string& issuer);

/// Whether the token is valid at `now`, give or take `skew`.
[[nodiscard]] tl::expected<void, AuthProblem> check_times(const Claims& claims,
                                                          proto::WallTime now,
                                                          std::chrono::seconds skew);

}  // namespace dm::auth
