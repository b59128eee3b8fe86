#include "device-mgmt/auth/verify_key.hpp"

#include "device-mgmt/auth/sha256.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

namespace dm::auth {

namespace {

constexpr std::size_t kCoordinateBytes = 32;  // of P-256

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }

    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

const unsigned char* bytes(std::string_view text) {
    // OpenSSL takes bytes as unsigned char.
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// RFC 7518 section 3.4 writes r and s as 32 bytes each; OpenSSL wants DER. Empty: not 64 bytes.
std::string to_der(std::string_view signature) {
    if (signature.size() != 2 * kCoordinateBytes) {
        return {};
    }
    const std::unique_ptr<ECDSA_SIG, Free> parts{ECDSA_SIG_new()};
    BIGNUM* r = BN_bin2bn(bytes(signature), kCoordinateBytes, nullptr);
    BIGNUM* s = BN_bin2bn(bytes(signature) + kCoordinateBytes, kCoordinateBytes, nullptr);
    if (parts == nullptr || r == nullptr || s == nullptr ||
        ECDSA_SIG_set0(parts.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return {};
    }
    unsigned char* der = nullptr;
    const int length = i2d_ECDSA_SIG(parts.get(), &der);
    std::string out;
    if (length > 0) {
        out.assign(der, der + length);
    }
    OPENSSL_free(der);
    return out;
}

/// The password callback of PEM readers: there is none, and nobody is asked.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

}  // namespace

std::optional<Algorithm> parse_algorithm(std::string_view name) {
    if (name == "ES256") {
        return Algorithm::es256;
    }
    if (name == "RS256") {
        return Algorithm::rs256;
    }
    if (name == "HS256") {
        return Algorithm::hs256;
    }
    return std::nullopt;
}

void VerifyKey::FreeKey::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

VerifyKey::VerifyKey(Algorithm algorithm,
                     KeyPointer key,
                     std::string secret,
                     std::uint64_t fingerprint)
    : algorithm_(algorithm),
      key_(std::move(key)),
      secret_(std::move(secret)),
      fingerprint_(fingerprint) {}

tl::expected<VerifyKey, std::string> VerifyKey::from_public_pem(const std::string& pem) {
    if (pem.find("PRIVATE KEY-----") != std::string::npos) {
        return tl::unexpected(
            std::string{"is a private key: it belongs to whoever makes tokens, never here"});
    }
    const std::unique_ptr<BIO, Free> bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    KeyPointer key{PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr)};
    ERR_clear_error();
    if (key == nullptr) {
        return tl::unexpected(std::string{"is no public key in PEM (BEGIN PUBLIC KEY)"});
    }
    const auto algorithm = kind_of(*key);
    if (!algorithm) {
        return tl::unexpected(algorithm.error());
    }
    return VerifyKey{*algorithm, std::move(key), {}, short_form(sha256(pem))};
}

tl::expected<Algorithm, std::string> VerifyKey::kind_of(const evp_pkey_st& key) {
    if (EVP_PKEY_is_a(&key, "EC") == 1) {
        std::array<char, 64> group{};
        EVP_PKEY_get_group_name(&key, group.data(), group.size(), nullptr);
        if (std::string_view{group.data()} != "prime256v1") {
            return tl::unexpected(
                fmt::format("is an EC key on {}: only P-256 (ES256)", group.data()));
        }
        return Algorithm::es256;
    }
    if (EVP_PKEY_is_a(&key, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(&key);
        if (bits < kMinRsaBits || bits > kMaxRsaBits) {
            return tl::unexpected(fmt::format(
                "is an RSA key of {} bits: only {} to {}", bits, kMinRsaBits, kMaxRsaBits));
        }
        return Algorithm::rs256;
    }
    return tl::unexpected(std::string{"is neither a P-256 key (ES256) nor an RSA key (RS256)"});
}

tl::expected<VerifyKey, std::string> VerifyKey::from_secret(std::string secret) {
    if (secret.size() < kMinSecretBytes) {
        return tl::unexpected(
            fmt::format("has {} bytes: at least {}", secret.size(), kMinSecretBytes));
    }
    const std::uint64_t fingerprint = short_form(sha256(secret));
    return VerifyKey{Algorithm::hs256, nullptr, std::move(secret), fingerprint};
}

bool VerifyKey::verifies(std::string_view signed_text, std::string_view signature) const {
    return algorithm_ == Algorithm::hs256 ? verifies_secret(signed_text, signature)
                                          : verifies_public(signed_text, signature);
}

bool VerifyKey::verifies_public(std::string_view signed_text, std::string_view signature) const {
    const std::string der = algorithm_ == Algorithm::es256 ? to_der(signature) : "";
    if (algorithm_ == Algorithm::es256) {
        signature = der;
    }
    const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
    const bool good =
        !signature.empty() && context != nullptr &&
        EVP_DigestVerifyInit_ex(
            context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) == 1 &&
        EVP_DigestVerify(context.get(),
                         bytes(signature),
                         signature.size(),
                         bytes(signed_text),
                         signed_text.size()) == 1;
    // A failed verification leaves entries that would show up as reasons of unrelated TLS errors.
    ERR_clear_error();
    return good;
}

bool VerifyKey::verifies_secret(std::string_view signed_text, std::string_view signature) const {
    Sha256 expected{};
    unsigned int length = 0;
    const unsigned char* made = HMAC(EVP_sha256(),
                                     secret_.data(),
                                     static_cast<int>(secret_.size()),
                                     bytes(signed_text),
                                     signed_text.size(),
                                     expected.data(),
                                     &length);
    if (made == nullptr || length != expected.size() || signature.size() != expected.size()) {
        return false;
    }
    Sha256 given{};
    std::copy(signature.begin(), signature.end(), given.begin());
    return equal_in_constant_time(expected, given);
}

}  // namespace dm::auth
