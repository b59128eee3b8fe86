#pragma once

#include "device-mgmt/http/http_message.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include <restinio/all.hpp>

/// Between our messages and RESTinio's. Only for the servers of this folder.
namespace dm::http {

inline std::string text_of(const restinio::endpoint_t& peer) {
    return peer.address().to_string() + ":" + std::to_string(peer.port());
}

inline HttpRequest to_request(const restinio::request_t& incoming) {
    const auto& head = incoming.header();
    HttpRequest request;
    request.method = head.method().c_str();
    request.path = std::string(head.path());
    request.query = std::string(head.query());
    head.for_each_field([&request](const restinio::http_header_field_t& field) {
        request.headers.emplace_back(field.name(), field.value());
    });
    request.body = incoming.body();
    request.remote = text_of(incoming.remote_endpoint());
    return request;
}

inline restinio::http_status_line_t status_line(int status) {
    return restinio::http_status_line_t{
        restinio::http_status_code_t{static_cast<std::uint16_t>(status)},
        std::string(reason_phrase(status))};
}

/// Everything of `response` but its body.
template <class Builder>
void write_head(Builder& reply, HttpResponse& response, bool keep_alive) {
    reply.append_header_date_field();
    reply.append_header(restinio::http_field::content_type, std::move(response.content_type));
    for (auto& [name, value] : response.headers) {
        reply.append_header(std::move(name), std::move(value));
    }
    if (keep_alive) {
        reply.connection_keep_alive();
    } else {
        reply.connection_close();
    }
}

}  // namespace dm::http
