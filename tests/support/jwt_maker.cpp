#include "tests/support/jwt_maker.hpp"

#include <array>
#include <stdexcept>
#include <vector>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

namespace dm::test {

namespace {

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <class Write>
std::string written(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    write(bio);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

}  // namespace

void SigningKey::Free::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

SigningKey::SigningKey(evp_pkey_st* key) : key_(key) {
    if (key == nullptr) {
        throw std::runtime_error("key generation failed");
    }
}

SigningKey SigningKey::ec(const char* group) {
    return SigningKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group)};
}

SigningKey SigningKey::rsa(unsigned bits) {
    return SigningKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits})};
}

SigningKey SigningKey::ed25519() {
    return SigningKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
}

std::string SigningKey::public_pem() const {
    return written([&](BIO* bio) { PEM_write_bio_PUBKEY(bio, key_.get()); });
}

std::string SigningKey::private_pem() const {
    return written([&](BIO* bio) {
        PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string SigningKey::sign(std::string_view text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::array<unsigned char, 1024> signature{};
    std::size_t size = signature.size();
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
    const int done = EVP_DigestSign(context, signature.data(), &size, bytes(text), text.size());
    EVP_MD_CTX_free(context);
    if (done != 1) {
        throw std::runtime_error("signing failed");
    }
    return {signature.data(), signature.data() + size};
}

std::string SigningKey::sign_es256(std::string_view text) const {
    const std::string der = sign(text);
    const unsigned char* data = bytes(der);
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    std::array<unsigned char, 64> raw{};
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), raw.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), raw.data() + 32, 32);
    ECDSA_SIG_free(parts);
    return {raw.begin(), raw.end()};
}

std::string hmac_sha256(std::string_view secret, std::string_view text) {
    std::array<unsigned char, 32> mac{};
    HMAC(EVP_sha256(),
         secret.data(),
         static_cast<int>(secret.size()),
         bytes(text),
         text.size(),
         mac.data(),
         nullptr);
    return {mac.begin(), mac.end()};
}

std::string base64url(std::string_view octets) {
    std::vector<unsigned char> padded(octets.size() * 4 / 3 + 8);
    const int size = EVP_EncodeBlock(padded.data(), bytes(octets), static_cast<int>(octets.size()));
    std::string text(padded.begin(), padded.begin() + size);
    for (char& c : text) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

std::string signed_text(std::string_view header, std::string_view claims) {
    return base64url(header) + "." + base64url(claims);
}

std::string es256_token(const SigningKey& key, std::string_view header, std::string_view claims) {
    const std::string text = signed_text(header, claims);
    return text + "." + base64url(key.sign_es256(text));
}

std::string rs256_token(const SigningKey& key, std::string_view header, std::string_view claims) {
    const std::string text = signed_text(header, claims);
    return text + "." + base64url(key.sign(text));
}

std::string hs256_token(std::string_view secret, std::string_view header, std::string_view claims) {
    const std::string text = signed_text(header, claims);
    return text + "." + base64url(hmac_sha256(secret, text));
}

}  // namespace dm::test
