#pragma once

#include "device-mgmt/net/lean_stream.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/raw_client.hpp"
#include "tests/support/temp_folder.hpp"

#include <memory>
#include <string>
#include <system_error>

#include <openssl/ssl.h>

namespace dm::net::test {

/// A client on LeanStream: the other role of what the server runs on.
class TlsClient {
public:
    TlsClient(World& world, const Certificate& trusted, const Certificate* own = nullptr);

    /// TLS 1.2 instead of the newest that both speak.
    void use_tls12() { SSL_set_max_proto_version(stream_.ssl(), TLS1_2_VERSION); }

    void offer(SSL_SESSION* session) { SSL_set_session(stream_.ssl(), session); }

    /// TLS only; what it ended with.
    std::error_code shake_hands(const std::string& host = "localhost");

    /// The first line of the answer to a WebSocket handshake; empty when the connection ended.
    std::string upgrade();

    LeanStream& stream() { return stream_; }

    /// CN of the server's certificate.
    std::string server_name();

    [[nodiscard]] bool resumed() const { return SSL_session_reused(stream_.ssl()) == 1; }

    /// What it can resume with; after upgrade(), because TLS 1.3 sends tickets after the handshake.
    [[nodiscard]] std::shared_ptr<SSL_SESSION> session();

private:
    World& world_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    LeanStream stream_;
};

/// A server's certificate files and the authority behind them.
struct Authority {
    dm::test::TempFolder folder;
    Certificate ca{"test CA"};
    Certificate server{"server", &ca};
    Certificate strangers_ca{"another CA"};

    [[nodiscard]] TlsFiles files() const;
    /// The same, asking for client certificates of `ca`.
    [[nodiscard]] TlsFiles mutual(bool required) const;
};

std::shared_ptr<const TlsContext> loaded(const TlsFiles& files,
                                         const TicketKeys& tickets = TicketKeys::random());

}  // namespace dm::net::test
