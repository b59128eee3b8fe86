#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace dm::net {

/// Whether `port` is free: binds it once without SO_REUSEPORT and lets go again. With that option a
/// second copy of the server would bind without an error and steal connections. The error is a
/// sentence with address and port. Port 0 is always free.
[[nodiscard]] tl::expected<void, std::string> probe_port(const std::string& address,
                                                         std::uint16_t port);

}  // namespace dm::net
