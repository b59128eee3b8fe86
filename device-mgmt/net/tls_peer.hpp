#pragma once

#include <optional>
#include <string>

#include <openssl/types.h>

namespace dm::net {

/// The common name of the peer's certificate: only of one that verified and has exactly one CN
/// without NUL. `ssl` may be null.
[[nodiscard]] std::optional<std::string> verified_common_name(SSL* ssl);

}  // namespace dm::net
