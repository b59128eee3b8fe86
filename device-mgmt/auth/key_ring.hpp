#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/auth/credentials_file.hpp"
#include "device-mgmt/auth/key_folder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dm::auth {

/// What a KeyRing holds.
struct KeyRing::Data {
    AuthSettings settings;
    VerifyKeys keys;
    std::unordered_map<std::string, Credential> credentials;

    /// The key of `kid`; without one the sole key, if there is just one. nullptr: none.
    [[nodiscard]] const VerifyKey* find_key(const std::optional<proto::Name>& kid) const;

    /// The proof of `id` if `secret` is its secret. Takes the same time for an unknown id.
    [[nodiscard]] std::optional<std::uint64_t> knows(std::string_view id,
                                                     std::string_view secret) const;
};

}  // namespace dm::auth
