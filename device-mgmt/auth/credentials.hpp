#pragma once

#include "protocol/ids.hpp"

#include <string>
#include <vector>

#include <tl/expected.hpp>

/// The credentials file of HTTP Basic: lines `id<TAB>salt<TAB>sha256(salt ‖ secret)`, salt and hash
/// in lower-case hex. The secret is 32 random bytes, told once as unpadded base64url; hashed is
/// that text, as devices send it. Every change writes a new file beside the old one, fsyncs it and
/// renames it over; mode 0600, owner as before. Writers lock the folder, so none is lost.
namespace dm::auth {

/// Adds or replaces `device`, and the file if there is none; returns the new secret. Refused for an
/// id with `:`, which HTTP Basic cannot carry.
[[nodiscard]] tl::expected<std::string, std::string> add_credential(const std::string& file,
                                                                    const proto::DeviceId& device);

/// Error when there is no such device in the file.
[[nodiscard]] tl::expected<void, std::string> remove_credential(const std::string& file,
                                                                const proto::DeviceId& device);

[[nodiscard]] tl::expected<std::vector<proto::DeviceId>, std::string> list_credentials(
    const std::string& file);

}  // namespace dm::auth
