#include "device-mgmt/net/tls_context.hpp"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace dm::net {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

/// TLS 1.2 only with forward secrecy and authenticated encryption.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
/// Sessions are resumed only by servers of this product (RFC 5246 section 7.4.1.3): required once
/// client certificates are verified.
constexpr std::string_view kSessionContext = "device-mgmt";

/// The first error is the closest to the cause; what lies over it repeats it in general terms.
std::string reason(const std::string& what) {
    const unsigned long error = ERR_peek_error();
    const char* why = ERR_SYSTEM_ERROR(error) ? nullptr : ERR_reason_error_string(error);
    std::string text = what + ": ";
    if (why != nullptr) {
        text += why;
    } else {
        text += std::system_category().message(ERR_GET_REASON(error));
    }
    ERR_clear_error();
    return text;
}

/// A key file that is encrypted must not make OpenSSL ask on the terminal.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

bool set_protocol(SSL_CTX* context) {
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                            SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_default_passwd_cb(context, refuse_password);
    const auto* session_context = reinterpret_cast<const unsigned char*>(kSessionContext.data());
    // What the macros SSL_CTX_set_min_proto_version, set1_groups_list and
    // set_session_cache_mode do; sessions live in tickets only.
    return SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr) == 1 &&
           SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(kGroups)) == 1 &&
           SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr) >= 0 &&
           SSL_CTX_set_cipher_list(context, kCiphers12) == 1 &&
           SSL_CTX_set_num_tickets(context, 1) == 1 &&
           SSL_CTX_set_session_id_context(
               context, session_context, static_cast<unsigned>(kSessionContext.size())) == 1;
}

tl::expected<void, std::string> load_identity(SSL_CTX* context, const TlsFiles& files) {
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
        return tl::unexpected(reason("certificate " + files.certificate));
    }
    // Checks against the certificate, too.
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return tl::unexpected(reason("key " + files.key));
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return tl::unexpected(
            reason("key " + files.key + " does not belong to certificate " + files.certificate));
    }
    return {};
}

bool has_crl(SSL_CTX* context) {
    const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL) {
            return true;
        }
    }
    return false;
}

/// Everything that decides whether a client's certificate is accepted, but for the time.
std::string trust_of(const TlsFiles& files) {
    std::ifstream file{files.client_ca, std::ios::binary};
    const std::string authorities{std::istreambuf_iterator<char>{file}, {}};
    return (files.require_client_certificate ? "required\n" : "optional\n") + authorities;
}

tl::expected<void, std::string> load_client_ca(SSL_CTX* context, const TlsFiles& files) {
    if (files.client_ca.empty()) {
        return {};
    }
    if (SSL_CTX_load_verify_file(context, files.client_ca.c_str()) != 1) {
        return tl::unexpected(reason("client CA " + files.client_ca));
    }
    if (has_crl(context)) {
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK);
    }
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.client_ca.c_str());
    if (names == nullptr) {
        return tl::unexpected(reason("client CA " + files.client_ca));
    }
    SSL_CTX_set_client_CA_list(context, names);  // takes it over
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | (files.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
    return {};
}

std::chrono::system_clock::time_point end_of(const X509* certificate) {
    std::tm end{};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
        return std::chrono::system_clock::time_point::max();
    }
    return std::chrono::system_clock::from_time_t(::timegm(&end));
}

std::chrono::system_clock::time_point first_end(SSL_CTX* context) {
    auto first = end_of(SSL_CTX_get0_certificate(context));
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(context, &chain);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        first = std::min(first, end_of(sk_X509_value(chain, i)));
    }
    return first;
}

}  // namespace

tl::expected<std::shared_ptr<const TlsContext>, std::string> TlsContext::load(
    const TlsFiles& files, const TicketKeys& tickets) {
    ERR_clear_error();
    ContextPtr context{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
    if (!context || !set_protocol(context.get())) {
        return tl::unexpected(reason("TLS settings"));
    }
    if (auto loaded = load_identity(context.get(), files); !loaded) {
        return tl::unexpected(loaded.error());
    }
    if (auto loaded = load_client_ca(context.get(), files); !loaded) {
        return tl::unexpected(loaded.error());
    }
    std::string trust = trust_of(files);
    use_tickets(context.get(), tickets, trust);
    return std::shared_ptr<const TlsContext>{new TlsContext{context.release(), std::move(trust)}};
}

TlsContext::TlsContext(ssl_ctx_st* context, std::string trust)
    : context_(context), trust_(std::move(trust)), expires_at_(first_end(context)) {}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

}  // namespace dm::net
