#pragma once

#include "protocol/ids.hpp"

#include <string>
#include <vector>

#include <tl/expected.hpp>

/// The credentials file of HTTP Basic: lines `id<TAB>salt<TAB>sha256(salt ‖ secret)`, salt and hash
/// in lower-case hex. The secret is 32 random bytes, told once as unpadded base64url. Every change
/// writes a new file beside the old one, fsyncs it and renames it over; mode 0600.
namespace dm::auth {

/// Adds or replaces `device`; returns its new secret.
[[nodiscard]] tl::expected<std::string, std::string> add_credential(const std::string& file,
                                                                    const proto::DeviceId& device);

/// Error when there is no such device in the file.
[[nodiscard]] tl::expected<void, std::string> remove_credential(const std::string& file,
                                                                const proto::DeviceId& device);

[[nodiscard]] tl::expected<std::vector<proto::DeviceId>, std::string> list_credentials(
    const std::string& file);

}  // namespace dm::auth
