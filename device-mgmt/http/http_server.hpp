#pragma once

#include "device-mgmt/http/head_check.hpp"
#include "device-mgmt/http/http_message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace dm::http {

/// Bounds of one server, with what happens at each.
struct HttpLimits {
    std::size_t max_connections = 64;  ///< further ones wait in the kernel's backlog
    /// Beyond them: connection closed. (All headers together: 80 KiB, RESTinio's own.)
    HeadLimits head{2048, 64, 4096, 80UL * 1024, 65536};
    std::chrono::milliseconds read_timeout{10000};   ///< one whole request, and idle: closed
    std::chrono::milliseconds write_timeout{10000};  ///< one whole response: closed
};

struct HttpSettings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: the kernel picks one, see HttpServer::port()
    std::size_t threads = 1;
    HttpLimits limits;
};

/// Answers one request, on a thread of the server; with several threads also concurrently. Must
/// not block for long: with one thread everybody else waits. An exception is answered with 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// An HTTP/1.1 server (RESTinio) with keep-alive on threads of its own. What is no HTTP is answered
/// with 400. A response goes out whole and at once; see StreamServer for others.
class HttpServer {
public:
    HttpServer(HttpSettings settings, HttpHandler handler);

    /// Stops.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and starts the threads. Call once. The error is a sentence with address and port.
    [[nodiscard]] tl::expected<void, std::string> start();

    /// Closes the port and every connection and joins the threads; no handler call follows. Not
    /// from a handler.
    void stop();

    /// The port that is bound; 0 before start().
    [[nodiscard]] std::uint16_t port() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::http
