#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::http {

/// The status of `GET path` at an IP address: one plain HTTP/1.1 request on a connection of its
/// own, within `patience` altogether. Blocks. The error is a sentence.
[[nodiscard]] tl::expected<int, std::string> http_status(const std::string& address,
                                                         std::uint16_t port,
                                                         std::string_view path,
                                                         std::chrono::milliseconds patience);

}  // namespace dm::http
