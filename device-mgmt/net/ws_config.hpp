#pragma once

#include "device-mgmt/net/handshake_request.hpp"
#include "device-mgmt/net/lean_socket.hpp"
#include "device-mgmt/net/ws_link.hpp"

#include <cstddef>
#include <cstdint>

#include <websocketpp/common/cpp11.hpp>
#include <websocketpp/common/stdint.hpp>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/endpoint_base.hpp>
#include <websocketpp/extensions/permessage_deflate/disabled.hpp>
#include <websocketpp/http/response.hpp>
#include <websocketpp/logger/levels.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/message_buffer/alloc.hpp>
#include <websocketpp/message_buffer/message.hpp>
#include <websocketpp/random/none.hpp>
#include <websocketpp/transport/asio/endpoint.hpp>

namespace dm::net {

// NOLINTBEGIN(readability-identifier-naming)

/// How websocketpp is built for the server. Names are websocketpp's.
struct WsConfig {
    using type = WsConfig;
    using concurrency_type = websocketpp::concurrency::none;
    using request_type = HandshakeRequest;
    using response_type = websocketpp::http::parser::response;
    using message_type =
        websocketpp::message_buffer::message<websocketpp::message_buffer::alloc::con_msg_manager>;
    using con_msg_manager_type = websocketpp::message_buffer::alloc::con_msg_manager<message_type>;
    using endpoint_msg_manager_type =
        websocketpp::message_buffer::alloc::endpoint_msg_manager<con_msg_manager_type>;
    using elog_type = websocketpp::log::stub;
    using alog_type = websocketpp::log::stub;
    using rng_type = websocketpp::random::none::int_generator<std::uint32_t>;
    using endpoint_base = websocketpp::endpoint_base;
    using connection_base = LinkHolder;

    struct transport_config {
        using concurrency_type = type::concurrency_type;
        using elog_type = type::elog_type;
        using alog_type = type::alog_type;
        using request_type = websocketpp::http::parser::request;
        using response_type = type::response_type;
        using socket_type = lean_socket::endpoint;

        static constexpr bool enable_multithreading = false;
        // Milliseconds. 0: the endpoint keeps its own timer over TLS and HTTP.
        static constexpr long timeout_socket_pre_init = 0;
        static constexpr long timeout_socket_post_init = 0;
        static constexpr long timeout_proxy = 5000;
        static constexpr long timeout_dns_resolve = 5000;
        static constexpr long timeout_connect = 5000;
        /// How long a peer's last bytes are taken in after our last ones, before the reset.
        static constexpr long timeout_socket_shutdown = 2000;
    };

    using transport_type = websocketpp::transport::asio::endpoint<transport_config>;

    static constexpr bool enable_multithreading = false;
    static constexpr long timeout_open_handshake = 0;
    /// For closes that websocketpp begins itself (protocol errors); the endpoint times its own.
    static constexpr long timeout_close_handshake = 5000;
    static constexpr long timeout_pong = 0;
    static constexpr int client_version = 13;
    static constexpr websocketpp::log::level elog_level = websocketpp::log::elevel::none;
    static constexpr websocketpp::log::level alog_level = websocketpp::log::alevel::none;
    /// Part of every connection's memory. Larger messages take several reads of it.
    static constexpr std::size_t connection_read_buffer_size = 256;
    static constexpr bool drop_on_protocol_error = false;
    static constexpr bool silent_close = false;
    static constexpr std::size_t max_message_size = 65536;
    static constexpr std::size_t max_http_body_size = 0;
    /// permessage-deflate of 0.8.2 ignores max_message_size.
    static constexpr bool enable_extensions = false;

    struct permessage_deflate_config {
        using request_type = type::request_type;
        static constexpr bool allow_disabling_context_takeover = true;
        static constexpr std::uint8_t minimum_outgoing_window_bits = 8;
    };

    using permessage_deflate_type =
        websocketpp::extensions::permessage_deflate::disabled<permessage_deflate_config>;
};

// NOLINTEND(readability-identifier-naming)

}  // namespace dm::net
