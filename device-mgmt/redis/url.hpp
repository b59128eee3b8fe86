#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::redis {

/// Where a Redis is, and who we are there.
struct Url {
    std::string host;
    std::uint16_t port = 6379;
    std::string user;      ///< empty: the default one
    std::string password;  ///< empty: none is sent
    std::uint32_t database = 0;

    /// `host:port/database`, for people: nothing secret is in it.
    [[nodiscard]] std::string place() const;
};

/// `redis://[[user]:password@]host[:port][/database]`, an IPv6 address in brackets; user and
/// password may be percent-encoded. The problem is a sentence without the URL, which may hold a
/// password.
[[nodiscard]] tl::expected<Url, std::string> parse_url(std::string_view text);

}  // namespace dm::redis
