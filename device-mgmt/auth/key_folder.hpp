#pragma once

#include "device-mgmt/auth/verify_key.hpp"

#include <map>
#include <string>

#include <tl/expected.hpp>

namespace dm::auth {

/// Verification keys by `kid`.
using VerifyKeys = std::map<std::string, VerifyKey, std::less<>>;

inline constexpr std::size_t kMaxKeys = 1000;

/// Reads `<kid>.pem` and `<kid>.secret` of a folder. Other files, hidden ones and folders are left
/// alone. Every bad file is in the error, one per line; so is an empty folder.
[[nodiscard]] tl::expected<VerifyKeys, std::string> load_key_folder(const std::string& folder);

}  // namespace dm::auth
