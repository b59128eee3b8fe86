#include "firmware-sim/ws_client.hpp"

#include "device-mgmt/net/lean_socket.hpp"
#include "firmware-sim/client_tls.hpp"
#include "firmware-sim/clock.hpp"
#include "firmware-sim/resolver.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/post.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <websocketpp/client.hpp>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/core_client.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/transport/asio/endpoint.hpp>

namespace dm::sim {
namespace {

// Names are websocketpp's. NOLINTBEGIN(readability-identifier-naming)
struct LeanConfig : websocketpp::config::core_client {
    using concurrency_type = websocketpp::concurrency::none;
    using alog_type = websocketpp::log::stub;
    using elog_type = websocketpp::log::stub;

    struct transport_config : websocketpp::config::core_client::transport_config {
        using concurrency_type = LeanConfig::concurrency_type;
        using alog_type = LeanConfig::alog_type;
        using elog_type = LeanConfig::elog_type;
        using request_type = LeanConfig::request_type;
        using response_type = LeanConfig::response_type;
        using socket_type = net::lean_socket::endpoint;
        static const bool enable_multithreading = false;
        // The user of WsClient watches the time of the whole attempt.
        static const long timeout_socket_post_init = 0;
        static const long timeout_socket_shutdown = 2000;
    };

    using transport_type = websocketpp::transport::asio::endpoint<transport_config>;

    static const std::size_t connection_read_buffer_size = 512;
};

// NOLINTEND(readability-identifier-naming)

using Endpoint = websocketpp::client<LeanConfig>;
using ConnectionPtr = Endpoint::connection_ptr;
using Opcode = websocketpp::frame::opcode::value;

constexpr long kCloseTimeoutMs = 5000;

std::optional<std::chrono::milliseconds> retry_after(const std::string& header) {
    long seconds = 0;
    const auto [rest, error] =
        std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (error != std::errc{} || rest != header.data() + header.size() || seconds < 0) {
        return std::nullopt;
    }
    constexpr long kLongest = 3600;
    return std::chrono::seconds{std::min(seconds, kLongest)};
}

/// Opens the socket on `source` without tying a port to it: the port is chosen at connect(), so
/// that it need only be unique for this server.
std::error_code bind_source(asio::ip::tcp::socket& socket,
                            const asio::ip::tcp& protocol,
                            const asio::ip::address& source) {
    std::error_code error;
    socket.open(protocol, error);
    if (!error && !source.is_unspecified()) {
        using NoPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
        socket.set_option(NoPort{true}, error);
        socket.bind({source, 0}, error);
    }
    return error;
}

struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

/// A TLS session at rest: 1 KiB as DER, many times that as OpenSSL's objects.
std::string packed(SSL_SESSION* session) {
    std::string der(static_cast<std::size_t>(std::max(0, i2d_SSL_SESSION(session, nullptr))), '\0');
    auto* at = reinterpret_cast<unsigned char*>(der.data());
    i2d_SSL_SESSION(session, &at);
    return der;
}

/// Offers the session, if there is one and OpenSSL can read it.
void offer(SSL* ssl, const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<SSL_SESSION, FreeSession> session{
        der.empty() ? nullptr : d2i_SSL_SESSION(nullptr, &at, static_cast<long>(der.size()))};
    if (session) {
        SSL_set_session(ssl, session.get());
    }
}

}  // namespace

class WsClient::Impl {
public:
    Impl(asio::io_context& io,
         const ClientTls* tls,
         bool resume,
         std::size_t slots,
         WsClientListener& listener)
        : io_(io),
          tls_(tls),
          resolver_(io),
          listener_(listener),
          links_(slots),
          sessions_(resume ? slots : 0) {
        endpoint_.init_asio(&io);
        endpoint_.set_user_agent("firmware-sim/" DM_VERSION);
        endpoint_.set_open_handshake_timeout(0);
        endpoint_.set_close_handshake_timeout(kCloseTimeoutMs);
        endpoint_.set_max_message_size(kMaxMessageBytes);
    }

    void connect(Slot slot, const ConnectRequest& request) {
        if (auto problem = try_connect(slot, request); !problem.empty()) {
            asio::post(io_, [this, slot, problem = std::move(problem)] {
                links_[slot].reset();
                listener_.on_failed(slot, {0, {}, problem});
            });
        }
    }

    bool send(Slot slot, bool binary, std::string_view payload) {
        const ConnectionPtr& link = links_[slot];
        if (!link || link->get_buffered_amount() + payload.size() > kMaxUnsentBytes) {
            return false;
        }
        const auto opcode = binary ? Opcode::binary : Opcode::text;
        return !link->send(payload.data(), payload.size(), opcode);
    }

    void close(Slot slot, proto::CloseCode code, std::string_view reason) {
        if (const ConnectionPtr link = links_[slot]) {
            std::error_code error;
            link->close(
                static_cast<websocketpp::close::status::value>(code), std::string{reason}, error);
            if (error) {
                link->get_socket().abort();
            }
        }
    }

    void abort(Slot slot) {
        if (const ConnectionPtr link = links_[slot]) {
            link->get_socket().abort();
        }
    }

    [[nodiscard]] bool resumed(Slot slot) const {
        const ConnectionPtr& link = links_[slot];
        return link && link->native_tls() != nullptr && SSL_session_reused(link->native_tls()) == 1;
    }

private:
    /// Empty, or why the attempt cannot even begin.
    std::string try_connect(Slot slot, const ConnectRequest& request) {
        const auto address = resolver_.resolve(request.target, read_clock().mono);
        if (!address) {
            return address.error();
        }
        std::error_code error;
        const auto uri = std::make_shared<websocketpp::uri>(
            request.target.tls, request.target.host, request.target.port, request.target.path);
        ConnectionPtr link = endpoint_.get_connection(uri, error);
        if (error) {
            return error.message();
        }
        if (auto problem = prepare_tls(slot, *link, request); !problem.empty()) {
            return problem;
        }
        prepare_request(*link, request);
        set_handlers(slot, *link);
        auto& socket = link->get_raw_socket();
        if ((error = bind_source(socket, address->protocol(), request.source))) {
            return fmt::format("cannot use {}: {}", request.source.to_string(), error.message());
        }
        links_[slot] = link;
        socket.async_connect(*address, [this, slot, link](const std::error_code& failed) {
            on_tcp(slot, link, failed);
        });
        return {};
    }

    std::string prepare_tls(Slot slot,
                            Endpoint::connection_type& link,
                            const ConnectRequest& request) {
        if (!request.target.tls) {
            return {};
        }
        if (tls_ == nullptr) {
            return "no TLS settings for a wss:// target";
        }
        if (const auto error = link.use_tls(tls_->native())) {
            return error.message();
        }
        link.expect_host(request.target.host);
        if (!sessions_.empty()) {
            offer(link.native_tls(), sessions_[slot]);
        }
        return tls_->present_certificate(link.native_tls(), request.device);
    }

    static void prepare_request(Endpoint::connection_type& link, const ConnectRequest& request) {
        std::error_code ignored;  // both texts are our own and valid
        link.add_subprotocol(
            std::string{request.format == proto::Format::json ? proto::kSubprotocolJson
                                                              : proto::kSubprotocolCbor},
            ignored);
        if (request.authorization) {
            link.append_header("Authorization", *request.authorization);
        }
    }

    void set_handlers(Slot slot, Endpoint::connection_type& link) {
        link.set_open_handler([this, slot](const auto&) { listener_.on_open(slot); });
        link.set_fail_handler([this, slot](const auto&) { on_failed(slot); });
        link.set_close_handler([this, slot](const auto&) { on_closed(slot); });
        link.set_message_handler([this, slot](const auto&, const auto& message) {
            listener_.on_message(
                slot, message->get_opcode() == Opcode::binary, message->get_payload());
        });
        link.set_ping_handler([this, slot](const auto&, const std::string&) {
            listener_.on_control_frame(slot);
            return true;
        });
        link.set_pong_handler(
            [this, slot](const auto&, const std::string&) { listener_.on_control_frame(slot); });
    }

    void on_tcp(Slot slot, const ConnectionPtr& link, const std::error_code& failed) {
        if (failed) {
            link->get_socket().abort();
            links_[slot].reset();
            listener_.on_failed(slot, {0, {}, fmt::format("connect: {}", failed.message())});
            return;
        }
        std::error_code ignored;
        link->get_raw_socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
        link->start();
    }

    void on_failed(Slot slot) {
        const ConnectionPtr link = std::exchange(links_[slot], nullptr);
        ConnectFailure failure;
        if (const auto tls = link->tls_failure()) {
            failure.reason = fmt::format("TLS: {}", tls.message());
        } else if (static_cast<int>(link->get_response_code()) > 0) {
            failure.status = static_cast<int>(link->get_response_code());
            failure.retry_after = retry_after(link->get_response_header("Retry-After"));
            failure.reason = fmt::format("HTTP {} {}", failure.status, link->get_response_msg());
        } else {
            failure.reason = fmt::format("handshake: {}", link->get_ec().message());
        }
        link->get_socket().abort();
        listener_.on_failed(slot, failure);
    }

    void on_closed(Slot slot) {
        const ConnectionPtr link = std::exchange(links_[slot], nullptr);
        keep_session(slot, *link);
        // The peer's word counts; without one it is what we noticed.
        auto code = link->get_remote_close_code();
        std::string reason = link->get_remote_close_reason();
        if (code == websocketpp::close::status::blank ||
            code == websocketpp::close::status::abnormal_close) {
            code = link->get_local_close_code();
            reason = link->get_local_close_reason();
        }
        link->get_socket().abort();  // websocketpp would leave a silent peer's descriptor open
        listener_.on_close(slot, static_cast<proto::CloseCode>(code), reason);
    }

    void keep_session(Slot slot, Endpoint::connection_type& link) {
        SSL* ssl = link.native_tls();
        if (sessions_.empty() || ssl == nullptr) {
            return;
        }
        // OpenSSL makes a session that did not shut down properly unusable (SSL_free).
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        if (SSL_SESSION* session = SSL_get0_session(ssl); session != nullptr) {
            sessions_[slot] = packed(session);
        }
    }

    asio::io_context& io_;
    const ClientTls* tls_;
    Resolver resolver_;
    WsClientListener& listener_;
    Endpoint endpoint_;
    std::vector<ConnectionPtr> links_;
    std::vector<std::string> sessions_;  ///< packed; the last of each slot
};

WsClient::WsClient(asio::io_context& io,
                   const ClientTls* tls,
                   bool resume,
                   std::size_t slots,
                   WsClientListener& listener)
    : impl_(std::make_unique<Impl>(io, tls, resume, slots, listener)) {}

WsClient::~WsClient() = default;

void WsClient::connect(Slot slot, const ConnectRequest& request) {
    impl_->connect(slot, request);
}

bool WsClient::send(Slot slot, bool binary, std::string_view payload) {
    return impl_->send(slot, binary, payload);
}

void WsClient::close(Slot slot, proto::CloseCode code, std::string_view reason) {
    impl_->close(slot, code, reason);
}

void WsClient::abort(Slot slot) {
    impl_->abort(slot);
}

bool WsClient::resumed(Slot slot) const {
    return impl_->resumed(slot);
}

}  // namespace dm::sim
