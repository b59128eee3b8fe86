#include "firmware-sim/mint.hpp"

#include "firmware-sim/json_text.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

namespace dm::sim {
namespace {

using Bytes = std::vector<unsigned char>;

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

struct FreeSignature {
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

enum class Algorithm { es256, rs256, hs256 };

std::string_view name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::es256:
            return "ES256";
        case Algorithm::rs256:
            return "RS256";
        case Algorithm::hs256:
            break;
    }
    return "HS256";
}

constexpr int kEcdsaHalf = 32;  // RFC 7518 section 3.4

/// RFC 4648 section 5, without padding.
std::string base64url(const unsigned char* data, std::size_t size) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    text.reserve((size * 4 + 2) / 3);
    unsigned int bits = 0;
    unsigned int count = 0;
    for (std::size_t i = 0; i < size; ++i) {
        bits = (bits << 8U) | data[i];
        count += 8;
        while (count >= 6) {
            count -= 6;
            text += kAlphabet[(bits >> count) & 63U];
        }
    }
    if (count > 0) {
        text += kAlphabet[(bits << (6 - count)) & 63U];
    }
    return text;
}

std::string base64url(std::string_view text) {
    const Bytes bytes(text.begin(), text.end());
    return base64url(bytes.data(), bytes.size());
}

/// DER to the two fixed-width integers that JWS wants; empty on failure.
Bytes raw_ecdsa(const Bytes& der) {
    const unsigned char* at = der.data();
    const std::unique_ptr<ECDSA_SIG, FreeSignature> signature{
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
    Bytes raw(static_cast<std::size_t>(kEcdsaHalf) * 2);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kEcdsaHalf) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kEcdsaHalf, kEcdsaHalf) < 0) {
        return {};
    }
    return raw;
}

class Mint final : public Credentials {
public:
    Mint(Algorithm algorithm, PrivateKey key, Bytes secret, const MintSettings& settings)
        : algorithm_(algorithm),
          key_(std::move(key)),
          secret_(std::move(secret)),
          settings_(settings) {
        JsonObject header;
        header.text("alg", name_of(algorithm)).text("typ", "JWT");
        if (!settings.kid.empty()) {
            header.text("kid", settings.kid);
        }
        header_ = base64url(header.str());
    }

    [[nodiscard]] std::optional<std::string> authorization(const proto::DeviceId& device,
                                                           proto::WallTime now) const override {
        return "Bearer " + token(device, now);
    }

    [[nodiscard]] std::optional<std::string> renewal(const proto::DeviceId& device,
                                                     proto::WallTime now) const override {
        return token(device, now);
    }

private:
    [[nodiscard]] std::string token(const proto::DeviceId& device, proto::WallTime now) const {
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
        JsonObject claims;
        claims.text("sub", device.str())
            .number("iat", seconds.count())
            .number("exp", (seconds + settings_.lifetime).count());
        if (!settings_.audience.empty()) {
            claims.text("aud", settings_.audience);
        }
        if (!settings_.issuer.empty()) {
            claims.text("iss", settings_.issuer);
        }
        std::string text = header_ + "." + base64url(claims.str());
        const Bytes signature = sign(text);
        return text + "." + base64url(signature.data(), signature.size());
    }

    /// Empty when OpenSSL fails; the server then refuses the token.
    [[nodiscard]] Bytes sign(const std::string& text) const {
        const Bytes input(text.begin(), text.end());
        if (algorithm_ == Algorithm::hs256) {
            Bytes mac(EVP_MAX_MD_SIZE);
            unsigned int size = 0;
            HMAC(EVP_sha256(),
                 secret_.data(),
                 static_cast<int>(secret_.size()),
                 input.data(),
                 input.size(),
                 mac.data(),
                 &size);
            mac.resize(size);
            return mac;
        }
        const std::unique_ptr<EVP_MD_CTX, FreeDigest> context{EVP_MD_CTX_new()};
        auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
        Bytes signature(size);
        if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
            EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()) !=
                1) {
            return {};
        }
        signature.resize(size);
        return algorithm_ == Algorithm::es256 ? raw_ecdsa(signature) : signature;
    }

    Algorithm algorithm_;
    PrivateKey key_;
    Bytes secret_;
    MintSettings settings_;
    std::string header_;
};

PrivateKey read_key(const std::string& path) {
    struct CloseFile {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    const std::unique_ptr<std::FILE, CloseFile> file{std::fopen(path.c_str(), "re")};
    return PrivateKey{file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr};
}

}  // namespace

tl::expected<std::unique_ptr<Credentials>, std::string> make_mint(const MintSettings& settings) {
    if (!settings.secret.empty()) {
        std::ifstream file{settings.secret, std::ios::binary};
        Bytes secret{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
        if (!file || secret.empty()) {
            return tl::unexpected(fmt::format("{}: cannot be read or is empty", settings.secret));
        }
        return std::make_unique<Mint>(Algorithm::hs256, nullptr, std::move(secret), settings);
    }
    PrivateKey key = read_key(settings.key);
    if (!key) {
        return tl::unexpected(fmt::format("{}: is no readable private key in PEM", settings.key));
    }
    const int type = EVP_PKEY_get_base_id(key.get());
    if (type == EVP_PKEY_EC && EVP_PKEY_get_bits(key.get()) == kEcdsaHalf * 8) {
        return std::make_unique<Mint>(Algorithm::es256, std::move(key), Bytes{}, settings);
    }
    if (type == EVP_PKEY_RSA) {
        return std::make_unique<Mint>(Algorithm::rs256, std::move(key), Bytes{}, settings);
    }
    return tl::unexpected(
        fmt::format("{}: must be an EC P-256 (ES256) or RSA (RS256) key", settings.key));
}

}  // namespace dm::sim
