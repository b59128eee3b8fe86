#pragma once

#include <cstdint>
#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <tl/expected.hpp>

namespace dm::net {

/// Opens, binds and listens; non-blocking. The error is a sentence with address and port.
[[nodiscard]] tl::expected<asio::ip::tcp::acceptor, std::string> open_listener(
    asio::io_context& io, const std::string& address, std::uint16_t port, bool reuse_port);

}  // namespace dm::net
