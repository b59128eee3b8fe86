#include "device-mgmt/net/tls_tickets.hpp"

#include "device-mgmt/net/tls_peer.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

namespace dm::net {
namespace {

constexpr std::size_t kNameBytes = 16;  // RFC 5077 section 4
constexpr std::size_t kAesBytes = 32;
constexpr std::size_t kMacBytes = 32;

struct Secrets {
    std::array<unsigned char, kNameBytes> name;
    std::array<unsigned char, kAesBytes> aes;
    std::array<unsigned char, kMacBytes> mac;
};

/// What one SSL_CTX seals and opens with; owned by it. Immutable, so shared by threads.
struct Sealing {
    std::vector<Secrets> keys;
};

void free_sealing(void* /*context*/,
                  void* sealing,
                  CRYPTO_EX_DATA* /*data*/,
                  int /*index*/,
                  long /*number*/,
                  void* /*pointer*/) {
    delete static_cast<Sealing*>(sealing);
}

int sealing_index() {
    // What the macro SSL_CTX_get_ex_new_index does.
    static const int index = CRYPTO_get_ex_new_index(
        CRYPTO_EX_INDEX_SSL_CTX, 0, nullptr, nullptr, nullptr, &free_sealing);
    return index;
}

/// Fetched once: an implicit fetch for each ticket takes locks.
const EVP_CIPHER* cipher() {
    static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    return fetched;
}

/// HMAC-SHA256 of `trust` and `purpose` under `key`: independent keys for each of both.
template <std::size_t size>
void derive(const unsigned char* key,
            std::string_view trust,
            char purpose,
            std::array<unsigned char, size>& into) {
    std::string text{purpose};
    text += trust;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    if (HMAC(EVP_sha256(),
             key,
             static_cast<int>(TicketKeys::kKeyBytes),
             reinterpret_cast<const unsigned char*>(text.data()),
             text.size(),
             digest.data(),
             &length) == nullptr ||
        length < size) {
        throw std::runtime_error("HMAC-SHA256 failed");
    }
    std::copy_n(digest.begin(), size, into.begin());
}

bool set_up(EVP_CIPHER_CTX* crypt,
            EVP_MAC_CTX* mac,
            const Secrets& key,
            const unsigned char* iv,
            bool sealing) {
    std::array<char, 7> digest{"SHA256"};
    // OSSL_PARAM takes pointers to non-const and does not write through these two.
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_octet_string(
            OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(crypt, cipher(), nullptr, key.aes.data(), iv, sealing ? 1 : 0) == 1 &&
           EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

/// OpenSSL's contract: −1 failure, 0 unknown key (full handshake), 1 good, 2 good but renew.
int on_ticket_key(SSL* ssl,
                  unsigned char* name,
                  unsigned char* iv,
                  EVP_CIPHER_CTX* crypt,
                  EVP_MAC_CTX* mac,
                  int sealing) {
    const auto* own =
        static_cast<const Sealing*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), sealing_index()));
    if (sealing != 0) {
        const Secrets& key = own->keys.front();
        std::copy(key.name.begin(), key.name.end(), name);
        return RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher())) == 1 &&
                       set_up(crypt, mac, key, iv, true)
                   ? 1
                   : -1;
    }
    const auto found = std::find_if(own->keys.begin(), own->keys.end(), [name](const Secrets& key) {
        return std::equal(key.name.begin(), key.name.end(), name);
    });
    if (found == own->keys.end()) {
        return 0;
    }
    if (!set_up(crypt, mac, *found, iv, false)) {
        return -1;
    }
    return found == own->keys.begin() ? 1 : 2;
}

/// Whether the certificate of the first handshake would be accepted today. Intermediates are not
/// in a ticket: a chain that needs them comes to a full handshake.
bool still_verifies(SSL* ssl, SSL_SESSION* session) {
    X509* certificate = SSL_SESSION_get0_peer(session);
    return certificate == nullptr || verifies(SSL_get_SSL_CTX(ssl), certificate, nullptr);
}

SSL_TICKET_RETURN on_ticket_opened(SSL* ssl,
                                   SSL_SESSION* session,
                                   const unsigned char* /*name*/,
                                   std::size_t /*name_size*/,
                                   SSL_TICKET_STATUS status,
                                   void* /*unused*/) {
    switch (status) {
        case SSL_TICKET_SUCCESS:
        case SSL_TICKET_SUCCESS_RENEW:
            if (!still_verifies(ssl, session)) {
                return SSL_TICKET_RETURN_IGNORE_RENEW;
            }
            return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
                                                : SSL_TICKET_RETURN_USE_RENEW;
        case SSL_TICKET_EMPTY:
        case SSL_TICKET_NO_DECRYPT:
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        default:
            return SSL_TICKET_RETURN_ABORT;
    }
}

}  // namespace

tl::expected<TicketKeys, std::string> TicketKeys::read(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (!file) {
        return tl::unexpected("ticket keys " + path + ": cannot be read");
    }
    const std::size_t count = bytes.size() / kKeyBytes;
    if (count == 0 || count > kMaxKeys || bytes.size() % kKeyBytes != 0) {
        return tl::unexpected("ticket keys " + path + ": must hold 1 to " +
                              std::to_string(kMaxKeys) + " keys of " + std::to_string(kKeyBytes) +
                              " bytes");
    }
    TicketKeys keys;
    keys.keys_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::copy_n(bytes.data() + i * kKeyBytes, kKeyBytes, keys.keys_[i].begin());
    }
    return keys;
}

TicketKeys TicketKeys::random() {
    return TicketKeys{}.rotated();
}

TicketKeys TicketKeys::rotated() const {
    TicketKeys next;
    next.keys_.resize(1);
    if (RAND_bytes(next.keys_.front().data(), static_cast<int>(kKeyBytes)) != 1) {
        throw std::runtime_error("no random numbers");
    }
    const std::size_t kept = std::min(keys_.size(), kKeptKeys - 1);
    std::copy_n(keys_.begin(), kept, std::back_inserter(next.keys_));
    return next;
}

void use_tickets(ssl_ctx_st* context, const TicketKeys& keys, std::string_view trust) {
    auto sealing = std::make_unique<Sealing>();
    for (const auto& key : keys.keys_) {
        Secrets& secrets = sealing->keys.emplace_back();
        derive(key.data(), trust, 'n', secrets.name);
        derive(key.data(), trust, 'e', secrets.aes);
        derive(key.data(), trust, 'm', secrets.mac);
    }
    if (cipher() == nullptr || SSL_CTX_set_ex_data(context, sealing_index(), sealing.get()) != 1) {
        throw std::runtime_error("no memory for ticket keys");
    }
    static_cast<void>(sealing.release());  // the context's
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &on_ticket_key);
    SSL_CTX_set_session_ticket_cb(context, nullptr, &on_ticket_opened, nullptr);
    SSL_CTX_set_timeout(context, std::chrono::seconds{TicketKeys::kLifetime}.count());
}

}  // namespace dm::net
