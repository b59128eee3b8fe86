#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

// OpenSSL's types by name only.
struct ssl_ctx_st;
struct ssl_st;

namespace dm::sim {

struct ClientTlsSettings {
    std::string ca;         ///< PEM; empty: the system's authorities
    bool insecure = false;  ///< believe any certificate; for tests
    std::string cert;       ///< of every device; or a folder of <id>.pem and <id>.key
    std::string key;        ///< empty: in the file of the certificate
};

/// One TLS context for all connections of the process; used by several threads.
class ClientTls {
public:
    /// The error names the file and the reason.
    [[nodiscard]] static tl::expected<std::unique_ptr<ClientTls>, std::string> make(
        ClientTlsSettings settings);

    ~ClientTls();
    ClientTls(const ClientTls&) = delete;
    ClientTls& operator=(const ClientTls&) = delete;

    [[nodiscard]] ssl_ctx_st* native() const { return context_; }

    /// Gives a connection its device's own certificate, where certificates are in a folder. Empty
    /// on success, else what is wrong.
    [[nodiscard]] std::string present_certificate(ssl_st* connection,
                                                  const std::string& device) const;

private:
    ClientTls(ssl_ctx_st* context, ClientTlsSettings settings);

    [[nodiscard]] std::string load_shared_certificate() const;

    ssl_ctx_st* context_;
    ClientTlsSettings settings_;
    bool folder_;
};

}  // namespace dm::sim
