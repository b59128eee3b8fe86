#pragma once

#include "device-mgmt/net/tls_tickets.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <tl/expected.hpp>

// OpenSSL's types by name only: its headers stay inside net/.
struct ssl_ctx_st;

namespace dm::net {

struct TlsFiles {
    std::string certificate;  ///< PEM chain, leaf first
    std::string key;          ///< PEM
    /// PEM; empty: no client certificate is asked for. May hold CRLs as well: then each
    /// certificate needs one of its issuer.
    std::string client_ca;
    bool require_client_certificate = false;
};

/// The server's TLS settings: TLS 1.2 and 1.3, no renegotiation, one ticket, released buffers.
/// Immutable; a reload makes a new one. Shared by all shards.
class TlsContext {
public:
    /// The error names the file and OpenSSL's reason. `tickets` seal what clients resume with.
    [[nodiscard]] static tl::expected<std::shared_ptr<const TlsContext>, std::string> load(
        const TlsFiles& files, const TicketKeys& tickets = TicketKeys::random());

    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] ssl_ctx_st* native() const { return context_; }

    /// What decides whether a client's certificate is accepted, but for the time: equal texts,
    /// equal decisions.
    [[nodiscard]] const std::string& trust() const { return trust_; }

    /// When the first certificate of the server's chain is over.
    [[nodiscard]] std::chrono::system_clock::time_point expires_at() const { return expires_at_; }

private:
    TlsContext(ssl_ctx_st* context, std::string trust);

    ssl_ctx_st* context_;
    std::string trust_;
    std::chrono::system_clock::time_point expires_at_;
};

}  // namespace dm::net
