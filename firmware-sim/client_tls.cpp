#include "firmware-sim/client_tls.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace dm::sim {
namespace {

/// OpenSSL's reason; for files that cannot be opened that is the system's.
std::string last_error() {
    const unsigned long error = ERR_peek_error();
    const char* reason = ERR_SYSTEM_ERROR(error) ? nullptr : ERR_reason_error_string(error);
    std::string text = reason != nullptr ? reason : "cannot be read";
    ERR_clear_error();
    return text;
}

bool is_folder(const std::string& path) {
    std::error_code ignored;
    return !path.empty() && std::filesystem::is_directory(path, ignored);
}

}  // namespace

ClientTls::ClientTls(ssl_ctx_st* context, ClientTlsSettings settings)
    : context_(context), settings_(std::move(settings)), folder_(is_folder(settings_.cert)) {}

ClientTls::~ClientTls() {
    SSL_CTX_free(context_);
}

tl::expected<std::unique_ptr<ClientTls>, std::string> ClientTls::make(ClientTlsSettings settings) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) {
        return tl::unexpected(last_error());
    }
    std::unique_ptr<ClientTls> tls{new ClientTls{context, std::move(settings)}};
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (!tls->settings_.insecure) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        const std::string& ca = tls->settings_.ca;
        const int loaded = ca.empty() ? SSL_CTX_set_default_verify_paths(context)
                                      : SSL_CTX_load_verify_file(context, ca.c_str());
        if (loaded != 1) {
            return tl::unexpected(fmt::format("{}: {}", ca, last_error()));
        }
    }
    if (!tls->settings_.cert.empty() && !tls->folder_) {
        if (auto problem = tls->load_shared_certificate(); !problem.empty()) {
            return tl::unexpected(std::move(problem));
        }
    }
    return tls;
}

std::string ClientTls::load_shared_certificate() const {
    const std::string& key = settings_.key.empty() ? settings_.cert : settings_.key;
    if (SSL_CTX_use_certificate_chain_file(context_, settings_.cert.c_str()) != 1) {
        return fmt::format("{}: {}", settings_.cert, last_error());
    }
    if (SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fmt::format("{}: {}", key, last_error());
    }
    return {};
}

std::string ClientTls::present_certificate(ssl_st* connection, const std::string& device) const {
    if (!folder_) {
        return {};
    }
    const std::string base = settings_.cert + "/" + device;
    if (SSL_use_certificate_chain_file(connection, (base + ".pem").c_str()) != 1) {
        return fmt::format("{}.pem: {}", base, last_error());
    }
    if (SSL_use_PrivateKey_file(connection, (base + ".key").c_str(), SSL_FILETYPE_PEM) != 1) {
        return fmt::format("{}.key: {}", base, last_error());
    }
    return {};
}

}  // namespace dm::sim
