#pragma once

#include <optional>
#include <string>

/// What a text must be beyond its type, for the keys of several programs. A rule answers
/// `must be …`, or nothing.
namespace dm::settings {

[[nodiscard]] std::optional<std::string> node_name(const std::string& text);
[[nodiscard]] std::optional<std::string> node_url(const std::string& text);
[[nodiscard]] std::optional<std::string> ip_address(const std::string& text);
[[nodiscard]] std::optional<std::string> origin(const std::string& text);

/// `mqtt://host[:port]` or `mqtts://host[:port]`; an IPv6 address stands in brackets.
[[nodiscard]] std::optional<std::string> broker_url(const std::string& text);

/// One or more topic levels without wildcards, not beginning with `$`.
[[nodiscard]] std::optional<std::string> topic_prefix(const std::string& text);
[[nodiscard]] std::optional<std::string> topic_filter(const std::string& text);

/// This machine's host name; empty when that is no node name.
[[nodiscard]] std::string host_name();

/// 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback(const std::string& address);

}  // namespace dm::settings
