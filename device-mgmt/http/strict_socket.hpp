#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/http/head_check.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <restinio/all.hpp>

/// A stream socket for RESTinio that looks at requests before RESTinio's parser does. Only for the
/// servers of this folder.
namespace dm::http {

namespace net = restinio::asio_ns;

/// What the sockets of one server share; kept by each of them, for they may outlive it.
struct StrictSettings {
    HeadLimits limits;
    /// Whether a refusal would not be written into another answer; told of every refusal.
    std::function<bool(const net::ip::tcp::endpoint& peer, const HeadRefusal& refusal)> may_answer;
};

/// A TCP socket whose peer may have gone. Asio's remote_endpoint() throws then, and RESTinio calls
/// it for a connection just accepted where nothing may be thrown, which would end the process. Ours
/// is 0.0.0.0:0; the first read finds out.
class PlainSocket : public net::ip::tcp::socket {
public:
    using net::ip::tcp::socket::remote_endpoint;
    using net::ip::tcp::socket::socket;

    [[nodiscard]] endpoint_type remote_endpoint() const {
        net::error_code gone;
        return remote_endpoint(gone);
    }
};

/// TCP, as far as RESTinio uses it. What HeadCheck refuses is answered right here, where nothing
/// else is being answered; RESTinio sees the end of the stream instead of the bytes, and closes.
class StrictSocket {
public:
    using executor_type = restinio::default_asio_executor;
    using Plain = PlainSocket;

    StrictSocket(net::io_context& io, std::shared_ptr<const StrictSettings> settings)
        : plain_(io), settings_(std::move(settings)), check_(settings_->limits) {}

    [[nodiscard]] Plain& lowest_layer() { return plain_; }

    [[nodiscard]] const Plain& lowest_layer() const { return plain_; }

    [[nodiscard]] auto get_executor() { return plain_.get_executor(); }

    [[nodiscard]] auto remote_endpoint() const { return plain_.remote_endpoint(); }

    [[nodiscard]] bool is_open() const { return plain_.is_open(); }

    template <class... Args>
    void cancel(Args&&... args) {
        plain_.cancel(std::forward<Args>(args)...);
    }

    template <class... Args>
    void shutdown(Args&&... args) {
        plain_.shutdown(std::forward<Args>(args)...);
    }

    template <class... Args>
    void close(Args&&... args) {
        plain_.close(std::forward<Args>(args)...);
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        plain_.async_write_some(buffers, std::forward<Handler>(handler));
    }

    /// `handler` keeps this alive, as RESTinio's does.
    template <class Handler>
    void async_read_some(net::mutable_buffer into, Handler handler) {
        plain_.async_read_some(
            into,
            [this, into, handler = std::move(handler)](const net::error_code& ec,
                                                       std::size_t size) mutable {
                const auto refusal =
                    ec ? std::nullopt : check_.feed({static_cast<const char*>(into.data()), size});
                net::error_code gone;
                if (!refusal) {
                    handler(ec, size);
                } else if (const auto peer = plain_.remote_endpoint(gone);
                           !gone && settings_->may_answer(peer, *refusal)) {
                    answer(*refusal, into, std::move(handler));
                } else {
                    handler(net::error::eof, 0);
                }
            });
    }

private:
    /// Most of what a client sends on before it looks at the answer.
    static constexpr std::size_t kMaxDrained = 4UL * 1024 * 1024;

    template <class Handler>
    void answer(const HeadRefusal& refusal, net::mutable_buffer scratch, Handler handler) {
        const auto date = restinio::make_date_field_value(
            std::chrono::system_clock::to_time_t(core::read_clock().wall));
        const auto text = std::make_shared<const std::string>(response_of(refusal, date));
        net::async_write(plain_,
                         net::buffer(*text),
                         [this, text, scratch, handler = std::move(handler)](
                             const net::error_code& failed, std::size_t /*size*/) mutable {
                             net::error_code ignored;
                             plain_.shutdown(Plain::shutdown_send, ignored);
                             if (failed) {
                                 handler(net::error::eof, 0);
                             } else {
                                 drain(0, scratch, std::move(handler));
                             }
                         });
    }

    /// Reads what still comes: a socket that is closed with bytes unread resets the connection, and
    /// the answer would be lost with it. Ends with the peer, or with RESTinio's time for a request.
    template <class Handler>
    void drain(std::size_t drained, net::mutable_buffer scratch, Handler handler) {
        plain_.async_read_some(scratch,
                               [this, drained, scratch, handler = std::move(handler)](
                                   const net::error_code& ec, std::size_t size) mutable {
                                   if (ec || drained + size > kMaxDrained) {
                                       handler(net::error::eof, 0);
                                   } else {
                                       drain(drained + size, scratch, std::move(handler));
                                   }
                               });
    }

    Plain plain_;
    std::shared_ptr<const StrictSettings> settings_;
    HeadCheck check_;
};

// What RESTinio looks up for the kind of socket in its traits.

template <class Connection, class Start, class Failed>
void prepare_connection_and_start_read(StrictSocket& /*socket*/,
                                       Connection& /*connection*/,
                                       Start start,
                                       Failed /*failed*/) {
    start();
}

inline restinio::impl::tls_socket_t* make_tls_socket_pointer_for_state_listener(
    StrictSocket& /*socket*/) noexcept {
    return nullptr;
}

}  // namespace dm::http

namespace restinio {

/// Adds our settings to the server's.
template <class Settings>
class socket_type_dependent_settings_t<Settings, dm::http::StrictSocket> {
public:
    Settings& strict(std::shared_ptr<const dm::http::StrictSettings> settings) & {
        strict_ = std::move(settings);
        return static_cast<Settings&>(*this);
    }

    [[nodiscard]] std::shared_ptr<const dm::http::StrictSettings> strict() const { return strict_; }

protected:
    ~socket_type_dependent_settings_t() = default;

private:
    std::shared_ptr<const dm::http::StrictSettings> strict_;
};

namespace impl {

/// Sockets into which connections are accepted.
template <>
class socket_supplier_t<dm::http::StrictSocket> {
protected:
    template <class Settings>
    socket_supplier_t(Settings& settings, asio_ns::io_context& io)
        : io_(io), settings_(settings.strict()) {
        while (sockets_.size() < settings.concurrent_accepts_count()) {
            sockets_.emplace_back(io_, settings_);
        }
    }

    ~socket_supplier_t() = default;

    [[nodiscard]] dm::http::StrictSocket& socket(std::size_t index) { return sockets_.at(index); }

    [[nodiscard]] dm::http::StrictSocket move_socket(std::size_t index) {
        return std::exchange(sockets_.at(index), dm::http::StrictSocket{io_, settings_});
    }

    [[nodiscard]] std::size_t concurrent_accept_sockets_count() const { return sockets_.size(); }

private:
    asio_ns::io_context& io_;
    std::shared_ptr<const dm::http::StrictSettings> settings_;
    std::vector<dm::http::StrictSocket> sockets_;
};

}  // namespace impl
}  // namespace restinio
