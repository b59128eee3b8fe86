#pragma once

#include <optional>
#include <string>
#include <string_view>

/// RFC 4648, strictly: nothing outside the alphabet, and unused bits must be zero, so that every
/// octet string has exactly one text.
namespace dm::auth {

/// base64url without padding (JWS, RFC 7515 section 2).
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

/// base64 with padding (HTTP Basic, RFC 7617).
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// base64url without padding.
[[nodiscard]] std::string encode_base64url(std::string_view octets);

}  // namespace dm::auth
