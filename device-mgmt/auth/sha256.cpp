#include "device-mgmt/auth/sha256.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace dm::auth {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }

    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Fetched once: a lookup per hash costs more than hashing a token.
const EVP_MD* digest() {
    static const std::unique_ptr<EVP_MD, FreeDigest> fetched{
        EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    return fetched.get();
}

}  // namespace

Sha256 sha256(std::string_view first, std::string_view second) {
    Sha256 hash{};
    const std::unique_ptr<EVP_MD_CTX, FreeDigest> context{EVP_MD_CTX_new()};
    const bool done = context != nullptr &&
                      EVP_DigestInit_ex2(context.get(), digest(), nullptr) == 1 &&
                      EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
                      EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
                      EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) == 1;
    if (!done) {
        // A zero hash would let different secrets compare as equal.
        throw std::runtime_error("SHA-256 failed");
    }
    return hash;
}

bool equal_in_constant_time(const Sha256& a, const Sha256& b) {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::uint64_t short_form(const Sha256& hash) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        number = number << 8U | hash[i];
    }
    return number;
}

std::string random_octets(std::size_t count) {
    std::string octets(count, '\0');
    // OpenSSL takes bytes as unsigned char.
    auto* bytes = reinterpret_cast<unsigned char*>(octets.data());
    if (RAND_bytes(bytes, static_cast<int>(count)) != 1) {
        throw std::runtime_error("no random bytes");
    }
    return octets;
}

std::string to_hex(std::string_view octets) {
    std::string text;
    text.reserve(octets.size() * 2);
    for (const char c : octets) {
        const auto byte = static_cast<unsigned char>(c);
        text += kHexDigits[byte >> 4U];
        text += kHexDigits[byte & 0x0FU];
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string octets;
    octets.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::size_t high = kHexDigits.find(text[i]);
        const std::size_t low = kHexDigits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return std::nullopt;
        }
        octets += static_cast<char>(high * 16 + low);
    }
    return octets;
}

}  // namespace dm::auth
