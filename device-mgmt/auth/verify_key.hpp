#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

// OpenSSL's type by name only.
struct evp_pkey_st;

namespace dm::auth {

/// The algorithms of RFC 7518 that are accepted, each with one kind of key.
enum class Algorithm { es256, rs256, hs256 };

/// By its exact name (RFC 7518 section 3.1); `none` and everything else is nothing.
[[nodiscard]] std::optional<Algorithm> parse_algorithm(std::string_view name);

/// A key that verifies tokens, parsed once: libjwt parses the PEM anew for every token, which costs
/// ten times the verification. Immutable; used by several threads at once.
class VerifyKey {
public:
    static constexpr std::size_t kMinSecretBytes = 32;
    static constexpr int kMinRsaBits = 2048;
    static constexpr int kMaxRsaBits = 8192;  ///< verification time grows with the square

    /// A PEM public key: P-256 or RSA. The error says what else it is.
    [[nodiscard]] static tl::expected<VerifyKey, std::string> from_public_pem(
        const std::string& pem);

    /// The raw bytes of a shared secret.
    [[nodiscard]] static tl::expected<VerifyKey, std::string> from_secret(std::string secret);

    /// The one algorithm this key may be used with.
    [[nodiscard]] Algorithm algorithm() const { return algorithm_; }

    /// Names the key among others: of its PEM or its secret.
    [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

    [[nodiscard]] bool verifies(std::string_view signed_text, std::string_view signature) const;

private:
    struct FreeKey {
        void operator()(evp_pkey_st* key) const;
    };

    using KeyPointer = std::unique_ptr<evp_pkey_st, FreeKey>;

    VerifyKey(Algorithm algorithm, KeyPointer key, std::string secret, std::uint64_t fingerprint);

    [[nodiscard]] static tl::expected<Algorithm, std::string> kind_of(const evp_pkey_st& key);
    [[nodiscard]] bool verifies_public(std::string_view signed_text,
                                       std::string_view signature) const;
    [[nodiscard]] bool verifies_secret(std::string_view signed_text,
                                       std::string_view signature) const;

    Algorithm algorithm_;
    KeyPointer key_;
    std::string secret_;
    std::uint64_t fingerprint_;
};

}  // namespace dm::auth
