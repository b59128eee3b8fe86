#include "device-mgmt/http/http_status.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

namespace dm::http {
namespace {

/// `HTTP/1.1 200`: all that is read.
constexpr std::size_t kStatusBytes = 12;
constexpr std::string_view kVersion = "HTTP/1.1 ";

tl::expected<int, std::string> parse_status(std::string_view head, const std::string& where) {
    int status = 0;
    const char* end = head.data() + head.size();
    const auto [rest, error] = std::from_chars(head.data() + kVersion.size(), end, status);
    if (head.substr(0, kVersion.size()) != kVersion || error != std::errc{} || rest != end) {
        return tl::unexpected(where + " answers, but not with HTTP/1.1");
    }
    return status;
}

}  // namespace

tl::expected<int, std::string> http_status(const std::string& address,
                                           std::uint16_t port,
                                           std::string_view path,
                                           std::chrono::milliseconds patience) {
    std::error_code bad;
    const auto ip = asio::ip::make_address(address, bad);
    if (bad) {
        return tl::unexpected(address + " is no IP address");
    }
    const std::string where = address + " port " + std::to_string(port);
    const std::string request =
        "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    std::array<char, kStatusBytes> head{};
    asio::io_context io{1};
    asio::ip::tcp::socket socket{io};
    std::optional<std::error_code> result;
    const auto done = [&](const std::error_code& ec) { result = ec; };
    socket.async_connect({ip, port}, [&](const std::error_code& ec) {
        if (ec) {
            return done(ec);
        }
        asio::async_write(socket, asio::buffer(request), [&](const auto& failed, std::size_t) {
            if (failed) {
                return done(failed);
            }
            asio::async_read(
                socket, asio::buffer(head), [&](const auto& end, std::size_t) { done(end); });
        });
    });
    io.run_for(patience);
    if (!result) {
        return tl::unexpected("no answer from " + where + " within " +
                              std::to_string(patience.count()) + " ms");
    }
    if (*result) {
        return tl::unexpected(where + ": " + result->message());
    }
    return parse_status({head.data(), head.size()}, where);
}

}  // namespace dm::http
