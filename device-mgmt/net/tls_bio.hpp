#pragma once

#include <openssl/types.h>

namespace dm::net {

/// A BIO over a socket it does not own. Unlike OpenSSL's it never raises SIGPIPE, so that no
/// process-wide signal disposition is needed. Null when memory is short.
[[nodiscard]] BIO* new_socket_bio(int descriptor);

}  // namespace dm::net
