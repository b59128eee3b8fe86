#pragma once

#include "device-mgmt/net/frame_reader.hpp"
#include "device-mgmt/net/ws_config.hpp"
#include "protocol/codes.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <websocketpp/base64/base64.hpp>
#include <websocketpp/frame.hpp>
#include <websocketpp/processors/hybi13.hpp>
#include <websocketpp/sha1/sha1.hpp>
#include <websocketpp/uri.hpp>

/// websocketpp's protocol processor for our server, on FrameReader. The one it comes with adds a
/// fragment's announced 64-bit length to what it holds, which wraps around and lifts the message
/// limit, and takes fragmented text that ends inside a character.
///
/// A member of websocketpp's own template because nothing else lets a processor be chosen.
template <>
class websocketpp::processor::hybi13<dm::net::WsConfig>
    : public websocketpp::processor::processor<dm::net::WsConfig> {
public:
    using config = dm::net::WsConfig;
    using base = processor<config>;
    using msg_manager_ptr = config::con_msg_manager_type::ptr;
    using request_type = config::request_type;
    using response_type = config::response_type;
    using message_ptr = config::message_type::ptr;

    hybi13(bool secure, bool is_server, msg_manager_ptr manager, config::rng_type& /*unused*/)
        : base(secure, is_server), messages_(std::move(manager)), reader_(0) {}

    [[nodiscard]] int get_version() const override { return 13; }

    // The handshake was checked when it was read (HandshakeRequest).
    [[nodiscard]] std::error_code validate_handshake(
        const request_type& /*request*/) const override {
        return {};
    }

    /// RFC 6455 section 4.2.2.
    [[nodiscard]] std::error_code process_handshake(const request_type& request,
                                                    const std::string& subprotocol,
                                                    response_type& response) const override {
        std::string key{request.verdict()->key};
        key += constants::handshake_guid;
        std::array<unsigned char, 20> digest{};
        sha1::calc(key.data(), key.size(), digest.data());
        response.replace_header("Upgrade", "websocket");
        response.replace_header("Connection", "Upgrade");
        response.replace_header("Sec-WebSocket-Accept",
                                base64_encode(digest.data(), digest.size()));
        if (!subprotocol.empty()) {
            response.replace_header("Sec-WebSocket-Protocol", subprotocol);
        }
        return {};
    }

    [[nodiscard]] std::error_code client_handshake_request(
        request_type& /*request*/,
        uri_ptr /*uri*/,
        const std::vector<std::string>& /*protocols*/) const override {
        return error::make_error_code(error::not_implemented);
    }

    [[nodiscard]] std::error_code validate_server_handshake_response(
        const request_type& /*request*/, response_type& /*response*/) const override {
        return error::make_error_code(error::not_implemented);
    }

    [[nodiscard]] std::string get_raw(const response_type& response) const override {
        return response.raw();
    }

    [[nodiscard]] const std::string& get_origin(const request_type& request) const override {
        return request.get_header("Origin");
    }

    std::error_code extract_subprotocols(const request_type& request,
                                         std::vector<std::string>& offered) override {
        for (const auto protocol : request.verdict()->protocols) {
            offered.emplace_back(protocol);
        }
        return {};
    }

    /// websocketpp keeps it for its own redirects; nobody asks for it here, so all connections
    /// share one.
    [[nodiscard]] uri_ptr get_uri(const request_type& /*request*/) const override {
        static const uri_ptr one = lib::make_shared<uri>(true, "localhost", "/");
        return one;
    }

    std::size_t consume(std::uint8_t* data, std::size_t size, std::error_code& ec) override {
        // The limit becomes known only after construction.
        if (!limited_) {
            reader_ = dm::net::FrameReader{base::get_max_message_size()};
            limited_ = true;
        }
        const std::size_t taken = reader_.consume(data, size);
        ec = code_of(reader_.fault());
        return taken;
    }

    [[nodiscard]] bool ready() const override { return reader_.ready(); }

    [[nodiscard]] bool get_error() const override {
        return reader_.fault() != dm::net::FrameFault::none;
    }

    message_ptr get_message() override {
        auto read = reader_.take();
        auto message = messages_->get_message(static_cast<frame::opcode::value>(read.opcode), 0);
        message->get_raw_payload() = std::move(read.payload);
        return message;
    }

    std::error_code prepare_data_frame(message_ptr in, message_ptr out) override {
        return prepare(in->get_opcode(), in->get_payload(), out);
    }

    [[nodiscard]] std::error_code prepare_ping(const std::string& payload,
                                               message_ptr out) const override {
        return prepare(frame::opcode::ping, payload, out);
    }

    [[nodiscard]] std::error_code prepare_pong(const std::string& payload,
                                               message_ptr out) const override {
        return prepare(frame::opcode::pong, payload, out);
    }

    [[nodiscard]] std::error_code prepare_close(close::status::value code,
                                                const std::string& reason,
                                                message_ptr out) const override {
        std::string payload;
        if (code != close::status::no_status) {
            payload.push_back(static_cast<char>(code >> 8U));
            payload.push_back(static_cast<char>(code & 0xFFU));
            payload += words_of(code, reason);
        }
        return prepare(frame::opcode::close, payload, out);
    }

private:
    /// What this class found wrong is closed by websocketpp with a sentence of its own; the
    /// protocol promises the word that goes with the code. The sentence stays in the log.
    static std::string_view words_of(close::status::value code, const std::string& reason) {
        const bool found_here = code == close::status::protocol_error ||
                                code == close::status::invalid_payload ||
                                code == close::status::message_too_big;
        return found_here ? dm::proto::word(static_cast<dm::proto::CloseCode>(code))
                          : std::string_view{reason};
    }

    static std::error_code prepare(frame::opcode::value opcode,
                                   const std::string& payload,
                                   const message_ptr& out) {
        out->set_opcode(opcode);
        out->set_payload(payload);
        out->set_header(
            frame::prepare_header(frame::basic_header{opcode, payload.size(), true, false},
                                  frame::extended_header{payload.size()}));
        out->set_prepared(true);
        return {};
    }

    /// websocketpp derives close code and reason from it.
    static std::error_code code_of(dm::net::FrameFault fault) {
        using dm::net::FrameFault;
        switch (fault) {
            case FrameFault::none:
                return {};
            case FrameFault::reserved_bits:
                return error::make_error_code(error::invalid_rsv_bit);
            case FrameFault::reserved_opcode:
                return error::make_error_code(error::invalid_opcode);
            case FrameFault::unmasked:
                return error::make_error_code(error::masking_required);
            case FrameFault::fragmented_control:
                return error::make_error_code(error::fragmented_control);
            case FrameFault::long_control:
                return error::make_error_code(error::control_too_big);
            case FrameFault::bad_continuation:
                return error::make_error_code(error::invalid_continuation);
            case FrameFault::long_encoding:
                return error::make_error_code(error::protocol_violation);
            case FrameFault::bad_close:
                return error::make_error_code(error::invalid_close_code);
            case FrameFault::bad_utf8:
                return error::make_error_code(error::invalid_utf8);
            case FrameFault::too_big:
                return error::make_error_code(error::message_too_big);
        }
        return error::make_error_code(error::general);
    }

    msg_manager_ptr messages_;
    dm::net::FrameReader reader_;
    bool limited_ = false;
};
