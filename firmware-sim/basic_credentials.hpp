#pragma once

#include "firmware-sim/credentials.hpp"

#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace dm::sim {

/// HTTP Basic from a file of lines `id<TAB>secret`, the secret as `device-mgmt credentials add`
/// printed it. Empty lines and lines that begin with `#` are skipped. The error names the line.
[[nodiscard]] tl::expected<std::unique_ptr<Credentials>, std::string> read_basic_credentials(
    const std::string& path);

}  // namespace dm::sim
