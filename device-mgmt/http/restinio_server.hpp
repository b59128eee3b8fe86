#pragma once

#include "device-mgmt/http/head_check.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

#include <restinio/all.hpp>
#include <tl/expected.hpp>

/// What RESTinio's servers here have in common. Only for the servers of this folder.
namespace dm::http {

/// `bound` is set to the port as soon as it is bound, and must live until then.
template <class Server, class Ours>
void set_common(restinio::server_settings_t<Server>& made, const Ours& ours, std::uint16_t& bound) {
    const HeadLimits& head = ours.limits.head;
    made.address(ours.address)
        .port(ours.port)
        .read_next_http_message_timelimit(ours.limits.read_timeout)
        .write_http_response_timelimit(ours.limits.write_timeout)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(head.max_target_bytes)
                                      .max_field_name_size(head.max_header_bytes)
                                      .max_field_value_size(head.max_header_bytes)
                                      .max_field_count(head.max_headers)
                                      .max_body_size(head.max_body_bytes))
        .acceptor_post_bind_hook([&bound](restinio::asio_ns::ip::tcp::acceptor& acceptor) {
            bound = acceptor.local_endpoint().port();
        });
}

/// Binds. The error is a sentence with address and port.
template <class Server, class Ours>
[[nodiscard]] tl::expected<void, std::string> open_port(Server& server, const Ours& ours) {
    try {
        server.open_sync();
    } catch (const std::exception& error) {
        return tl::unexpected("cannot listen on " + ours.address + ":" + std::to_string(ours.port) +
                              ": " + error.what());
    }
    return {};
}

}  // namespace dm::http
