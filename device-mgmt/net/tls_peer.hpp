#pragma once

#include <optional>
#include <string>

#include <openssl/types.h>

struct stack_st_X509;

namespace dm::net {

/// The common name of the peer's certificate: only of one that verified and has exactly one CN
/// without NUL. `ssl` may be null.
[[nodiscard]] std::optional<std::string> verified_common_name(SSL* ssl);

/// Whether a server with `context` would accept this client certificate now. `chain`: what the
/// client sent besides; may be null.
[[nodiscard]] bool verifies(SSL_CTX* context, X509* certificate, stack_st_X509* chain);

/// Whether the peer, which may have shaken hands with another context, may stay with this one: it
/// has shown no certificate, or one that is accepted here.
[[nodiscard]] bool still_verifies(SSL* ssl, SSL_CTX* context);

}  // namespace dm::net
