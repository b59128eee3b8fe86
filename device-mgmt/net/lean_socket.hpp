#pragma once

#include "device-mgmt/net/lean_asio_base.hpp"
#include "device-mgmt/net/lean_stream.hpp"

#include <memory>
#include <sstream>
#include <string>
#include <system_error>

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <openssl/types.h>
#include <websocketpp/common/connection_hdl.hpp>
#include <websocketpp/error.hpp>
#include <websocketpp/transport/asio/security/base.hpp>
#include <websocketpp/transport/base/connection.hpp>
#include <websocketpp/uri.hpp>

/// websocketpp's socket policy (`transport_config::socket_type = dm::net::lean_socket::endpoint`)
/// over LeanStream, for servers and clients, wss and ws. Names are websocketpp's.
///
/// A connection is plain until use_tls() is called on it, which must happen between
/// `get_connection()` and `connect()` or `start()`. Needs `enable_multithreading = false`. The
/// endpoint's init_asio() must have been given an io_context that outlives all connections.
// NOLINTBEGIN(readability-identifier-naming,readability-convert-member-functions-to-static)
namespace dm::net::lean_socket {

class connection : public std::enable_shared_from_this<connection> {
public:
    using type = connection;
    using ptr = std::shared_ptr<type>;
    using io_service_ptr = asio::io_context*;
    using strand_ptr = std::shared_ptr<asio::io_context::strand>;
    using init_handler = websocketpp::transport::asio::socket::init_handler;
    using shutdown_handler = websocketpp::transport::asio::socket::shutdown_handler;

    ptr get_shared() { return shared_from_this(); }

    /// Speak TLS. `context` must stay valid during the call only. A client checks the certificate
    /// (if the context verifies) for the host of its URI; SNI is set as well.
    std::error_code use_tls(SSL_CTX* context) {
        return stream_->use_tls(context, is_server_ ? TlsRole::server : TlsRole::client);
    }

    /// Only for clients that connect get_raw_socket() themselves and then call start(); connect()
    /// takes the host from the URI.
    void expect_host(const std::string& host) { host_ = host; }

    [[nodiscard]] bool is_secure() const { return stream_ && stream_->ssl() != nullptr; }

    LeanStream& get_socket() { return *stream_; }

    asio::ip::tcp::socket& get_next_layer() { return stream_->socket(); }

    asio::ip::tcp::socket& get_raw_socket() { return stream_->socket(); }

    /// Null without TLS.
    [[nodiscard]] SSL* native_tls() const { return stream_->ssl(); }

    /// Why TLS did not come about; success when it did.
    [[nodiscard]] std::error_code tls_failure() const { return tls_failure_; }

    std::string get_remote_endpoint(std::error_code& ec) const {
        const auto peer = stream_->socket().remote_endpoint(ec);
        if (ec) {
            return ec.message();
        }
        std::ostringstream text;
        text << peer;
        return text.str();
    }

    static std::error_code translate_ec(std::error_code ec) { return ec; }

protected:
    std::error_code init_asio(io_service_ptr service, const strand_ptr&, bool is_server) {
        stream_ = std::make_unique<LeanStream>(*service);
        is_server_ = is_server;
        return {};
    }

    void set_uri(const websocketpp::uri_ptr& uri) {
        if (!is_server_) {
            host_ = uri->get_host();
        }
    }

    // websocketpp goes on after a failed pre_init, so what can fail is left to post_init.
    void pre_init(const init_handler& callback) { callback({}); }

    void post_init(const init_handler& callback) {
        tls_failure_ = host_.empty() ? std::error_code{} : stream_->expect_host(host_);
        if (tls_failure_ || !is_secure()) {
            callback(tls_failure_);
            return;
        }
        namespace ws_socket = websocketpp::transport::asio::socket;
        tls_failure_ = ws_socket::make_error_code(ws_socket::error::tls_handshake_timeout);
        stream_->async_handshake([self = get_shared(), callback](const std::error_code& ec) {
            self->tls_failure_ = ec;
            callback(ec);
        });
    }

    void set_handle(const websocketpp::connection_hdl&) {}

    /// websocketpp calls this when its patience is over, and would leave the descriptor open.
    std::error_code cancel_socket() {
        stream_->abort();
        return {};
    }

    void async_shutdown(const shutdown_handler& handler) { stream_->async_shutdown(handler); }

    [[nodiscard]] std::error_code get_ec() const { return tls_failure_; }

private:
    std::unique_ptr<LeanStream> stream_;
    std::error_code tls_failure_;
    std::string host_;  ///< clients only
    bool is_server_ = false;
};

class endpoint {
public:
    using type = endpoint;
    using socket_con_type = connection;
    using socket_con_ptr = socket_con_type::ptr;

    /// May be: each connection decides.
    [[nodiscard]] bool is_secure() const { return true; }

protected:
    std::error_code init(const socket_con_ptr&) { return {}; }
};

}  // namespace dm::net::lean_socket

// NOLINTEND(readability-identifier-naming,readability-convert-member-functions-to-static)
