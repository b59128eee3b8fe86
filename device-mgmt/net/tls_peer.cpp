#include "device-mgmt/net/tls_peer.hpp"

#include <cstddef>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace dm::net {
namespace {

/// UTF-8, whatever string type the certificate uses.
std::optional<std::string> text_of(const ASN1_STRING* value) {
    unsigned char* bytes = nullptr;
    const int length = ASN1_STRING_to_UTF8(&bytes, value);
    if (length < 0) {
        return std::nullopt;
    }
    std::string text{reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)};
    // What the macro OPENSSL_free does.
    CRYPTO_free(bytes, __FILE__, __LINE__);
    return text;
}

}  // namespace

std::optional<std::string> verified_common_name(SSL* ssl) {
    if (ssl == nullptr) {
        return std::nullopt;
    }
    const X509* certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
        return std::nullopt;
    }
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return std::nullopt;
    }
    auto name = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (!name || name->empty() || name->find('\0') != std::string::npos) {
        return std::nullopt;
    }
    return name;
}

bool verifies(SSL_CTX* context, X509* certificate, stack_st_X509* chain) {
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check{
        X509_STORE_CTX_new(), &X509_STORE_CTX_free};
    return check != nullptr &&
           X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), certificate, chain) ==
               1 &&
           X509_STORE_CTX_set_default(check.get(), "ssl_client") == 1 &&
           X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check.get()),
                                  SSL_CTX_get0_param(context)) == 1 &&
           X509_verify_cert(check.get()) == 1;
}

bool still_verifies(SSL* ssl, SSL_CTX* context) {
    if (ssl == nullptr || SSL_get_SSL_CTX(ssl) == context) {
        return true;
    }
    X509* certificate = SSL_get0_peer_certificate(ssl);
    // A session that was resumed has no chain: a certificate that needs one is not accepted, and
    // its device comes back with a full handshake.
    return certificate == nullptr || verifies(context, certificate, SSL_get_peer_cert_chain(ssl));
}

}  // namespace dm::net
