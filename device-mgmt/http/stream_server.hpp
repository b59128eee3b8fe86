#pragma once

#include "device-mgmt/http/head_check.hpp"
#include "device-mgmt/http/responder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <asio/io_context.hpp>
#include <tl/expected.hpp>

namespace dm::http {

/// Bounds of a StreamServer, with what happens at each.
struct StreamLimits {
    std::size_t max_connections = 10000;  ///< further ones are closed at once. Must stay below the
                                          ///< descriptors: RESTinio 0.6.16 stops accepting for
                                          ///< good when accept() fails
    HeadLimits head;                      ///< beyond them: answered, and closed
    /// Of one stream, queued and being written. With the kernel's send buffer, which is set to
    /// twice `send_buffer_bytes`, a client costs at most 256 KiB.
    std::size_t max_unsent_bytes = 112UL * 1024;
    std::size_t send_buffer_bytes = 64UL * 1024;
    std::chrono::seconds read_timeout{30};     ///< one whole request, and idle: closed
    std::chrono::seconds write_timeout{20};    ///< one write that does not get through: closed
    std::chrono::seconds handle_timeout{400};  ///< no answer, or a silent stream: closed
    std::chrono::seconds user_timeout{30};     ///< unacknowledged bytes (TCP_USER_TIMEOUT): closed
};

struct StreamSettings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: the kernel picks one, see StreamServer::port()
    StreamLimits limits;
};

/// An HTTP/1.1 server (RESTinio) on the loop of its owner, for answers that come later or in
/// pieces. Everything happens on the thread that runs `io`.
///
/// - It reads on while a request is being answered, so a client that leaves is noticed at once
///   (RESTinio alone notices at a later write).
/// - One request at a time: bytes of another request before the answer to the first has been
///   written close the connection. So what a front end took for one request is never two.
/// - What is not strictly HTTP/1.1, or over a bound, is answered with 4xx or 5xx and closed before
///   anybody sees it (HeadCheck), without an answer only where another one is under way.
class StreamServer final : public Responder {
public:
    /// `io` and `listener` must outlive it.
    StreamServer(asio::io_context& io, StreamSettings settings, RequestListener& listener);
    ~StreamServer() override;
    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    /// Binds. Call once, before the loop runs or on it. The error is a sentence with address and
    /// port.
    [[nodiscard]] tl::expected<void, std::string> start();

    /// Accepts no further connections; what is open goes on.
    void close_port();

    [[nodiscard]] std::uint16_t port() const;

    /// Exchanges that have not been answered to the last byte.
    [[nodiscard]] std::size_t open() const;

    void answer(ExchangeId exchange, HttpResponse response) override;
    void begin_stream(ExchangeId exchange, HttpResponse head) override;
    bool send(ExchangeId exchange, std::string piece) override;
    void end_stream(ExchangeId exchange) override;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::http
