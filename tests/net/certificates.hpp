#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace dm::net::test {

/// A P-256 key and a certificate for it with one CN (bytes as given), valid for a day.
class Certificate {
public:
    /// Signed by itself, and a CA.
    explicit Certificate(std::string_view common_name) : Certificate(common_name, nullptr) {}

    Certificate(std::string_view common_name, const Certificate* issuer);

    [[nodiscard]] std::string pem() const;
    [[nodiscard]] std::string key_pem() const;

    /// A list of what this CA has revoked, as PEM: `revoked` alone.
    [[nodiscard]] std::string revocation_of(const Certificate& revoked) const;

    [[nodiscard]] X509* certificate() const { return certificate_.get(); }

    [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace dm::net::test
