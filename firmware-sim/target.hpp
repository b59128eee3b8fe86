#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::sim {

inline constexpr std::string_view kDevicePath = "/v1/device";

/// Where a device connects to.
struct Target {
    bool tls = true;
    std::string host;  ///< name or address, IPv6 without brackets
    std::uint16_t port = 443;
    std::string path{kDevicePath};
};

/// `wss://host[:port][/path]` or `ws://…`; without a path it is kDevicePath. The error says what is
/// wrong with the text.
[[nodiscard]] tl::expected<Target, std::string> parse_target(std::string_view url);

}  // namespace dm::sim
