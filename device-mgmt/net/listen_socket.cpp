#include "device-mgmt/net/listen_socket.hpp"

#include "device-mgmt/net/probe_port.hpp"

#include <sstream>
#include <system_error>
#include <utility>

#include <asio/detail/socket_option.hpp>
#include <asio/ip/address.hpp>

namespace dm::net {
namespace {

using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

tl::expected<tcp::acceptor, std::string> bound(asio::io_context& io,
                                               const std::string& address,
                                               std::uint16_t port,
                                               bool reuse_port) {
    std::error_code ec;
    const auto ip = asio::ip::make_address(address, ec);
    if (ec) {
        return tl::unexpected("listen address '" + address + "' is no IP address");
    }
    tcp::acceptor acceptor{io};
    const tcp::endpoint endpoint{ip, port};
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) {
        acceptor.set_option(asio::socket_base::reuse_address{true}, ec);
    }
    if (!ec && reuse_port) {
        acceptor.set_option(ReusePort{true}, ec);
    }
    if (!ec) {
        acceptor.bind(endpoint, ec);
    }
    if (ec) {
        std::ostringstream text;
        text << "cannot listen on " << endpoint << ": " << ec.message();
        return tl::unexpected(text.str());
    }
    return acceptor;
}

}  // namespace

tl::expected<tcp::acceptor, std::string> open_listener(asio::io_context& io,
                                                       const std::string& address,
                                                       std::uint16_t port,
                                                       bool reuse_port) {
    auto acceptor = bound(io, address, port, reuse_port);
    if (!acceptor) {
        return acceptor;
    }
    std::error_code ec;
    acceptor->listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) {
        acceptor->native_non_blocking(true, ec);
    }
    if (ec) {
        return tl::unexpected("cannot listen on " + address + ":" + std::to_string(port) + ": " +
                              ec.message());
    }
    return acceptor;
}

tl::expected<void, std::string> probe_port(const std::string& address, std::uint16_t port) {
    if (port == 0) {
        return {};
    }
    asio::io_context io;
    return bound(io, address, port, false).map([](const tcp::acceptor&) {});
}

}  // namespace dm::net
