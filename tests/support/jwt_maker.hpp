#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace dm::test {

/// A key pair that signs, made anew for each test run.
class SigningKey {
public:
    [[nodiscard]] static SigningKey ec(const char* group = "P-256");
    [[nodiscard]] static SigningKey rsa(unsigned bits = 2048);
    [[nodiscard]] static SigningKey ed25519();

    [[nodiscard]] std::string public_pem() const;
    [[nodiscard]] std::string private_pem() const;

    /// A DER signature over SHA-256 (EC), or PKCS #1 v1.5 (RSA).
    [[nodiscard]] std::string sign(std::string_view text) const;

    /// EC on P-256: r and s, 32 bytes each, as ES256 wants them.
    [[nodiscard]] std::string sign_es256(std::string_view text) const;

private:
    struct Free {
        void operator()(evp_pkey_st* key) const;
    };

    explicit SigningKey(evp_pkey_st* key);

    std::unique_ptr<evp_pkey_st, Free> key_;
};

[[nodiscard]] std::string hmac_sha256(std::string_view secret, std::string_view text);

/// base64url without padding.
[[nodiscard]] std::string base64url(std::string_view octets);

/// `base64url(header).base64url(claims)`.
[[nodiscard]] std::string signed_text(std::string_view header, std::string_view claims);

/// Tokens with any header and claims, correctly signed.
[[nodiscard]] std::string es256_token(const SigningKey& key,
                                      std::string_view header,
                                      std::string_view claims);
[[nodiscard]] std::string rs256_token(const SigningKey& key,
                                      std::string_view header,
                                      std::string_view claims);
[[nodiscard]] std::string hs256_token(std::string_view secret,
                                      std::string_view header,
                                      std::string_view claims);

}  // namespace dm::test
