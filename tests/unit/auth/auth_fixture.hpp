#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "tests/support/jwt_maker.hpp"
#include "tests/support/temp_folder.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace dm::test {

inline constexpr std::int64_t kNowSeconds = 1'800'000'000;
inline const proto::WallTime kNow{std::chrono::seconds{kNowSeconds}};

// Made once: an RSA key takes a tenth of a second.
inline const SigningKey& ec_key() {
    static const SigningKey key = SigningKey::ec();
    return key;
}

inline const SigningKey& rsa_key() {
    static const SigningKey key = SigningKey::rsa();
    return key;
}

inline const std::string& secret() {
    static const std::string bytes{"\0\x01 thirty-two bytes at the least, raw\xFF\n", 39};
    return bytes;
}

/// Three keys, an audience and an issuer.
struct AuthFixture {
    TempFolder folder;
    auth::AuthSettings settings;

    AuthFixture() {
        static_cast<void>(folder.write("ec.pem", ec_key().public_pem()));
        static_cast<void>(folder.write("rsa.pem", rsa_key().public_pem()));
        static_cast<void>(folder.write("shared.secret", secret()));
        settings.jwt_keys = folder.path().string();
        settings.jwt_audience = "device-mgmt";
        settings.jwt_issuer = "https://issuer.example";
    }

    [[nodiscard]] std::shared_ptr<const auth::KeyRing> load() const {
        const auto keys = auth::KeyRing::load(settings);
        REQUIRE_MESSAGE(keys.has_value(), (keys ? "" : keys.error()));
        return *keys;
    }
};

/// Claims that are accepted; `more` begins with a comma.
inline std::string good_claims(std::string_view more = "", std::string_view sub = "d-1") {
    return fmt::format(
        R"({{"sub":"{}","exp":{},"aud":"device-mgmt","iss":"https://issuer.example"{}}})",
        sub,
        kNowSeconds + 600,
        more);
}

inline constexpr const char* kEcHeader = R"({"alg":"ES256","typ":"JWT","kid":"ec"})";

inline std::string good_token(std::string_view sub = "d-1") {
    return es256_token(ec_key(), kEcHeader, good_claims("", sub));
}

}  // namespace dm::test
