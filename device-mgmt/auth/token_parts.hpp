#pragma once

#include "device-mgmt/auth/identity.hpp"
#include "device-mgmt/auth/verify_key.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::auth {

inline constexpr std::size_t kMaxTokenBytes = 8192;

/// A token taken apart (RFC 7515 compact serialisation), nothing verified yet. Only the header is
/// parsed: the claims stay text until the signature holds.
struct TokenParts {
    Algorithm algorithm;
    std::optional<proto::Name> kid;
    std::string_view signed_text;  ///< header and claims as signed, a view into the token
    std::string claims;            ///< JSON, decoded
    std::string signature;
};

/// Refuses what is too long, has not exactly three parts, is no strict base64url, has a header that
/// is no JSON object or names a member twice, demands extensions (`crit`), has an algorithm that is
/// not one of ours or a `kid` that is no Name. Members that tell where to find a key (`jku`, `x5u`,
/// `jwk`, `x5c`) are ignored: keys come from `auth.jwt_keys` only.
[[nodiscard]] tl::expected<TokenParts, AuthProblem> take_apart(std::string_view token);

}  // namespace dm::auth
