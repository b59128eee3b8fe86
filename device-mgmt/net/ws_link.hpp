#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/ports.hpp"
#include "device-mgmt/net/ws_endpoint.hpp"

#include <any>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <asio/steady_timer.hpp>

namespace websocketpp {
template <typename config>
class connection;
}  // namespace websocketpp

namespace dm::net {

struct WsConfig;
using WsConnection = websocketpp::connection<WsConfig>;

/// What a link needs of its endpoint. Lives as long as the endpoint.
struct LinkContext {
    EndpointLimits limits;
    EndpointObserver observer;

    void failed(const std::string& what) const {
        if (observer.failed) {
            observer.failed(what);
        }
    }
};

/// Our part of a connection. Lives inside it and is owned with it by websocketpp's shared pointer,
/// that is by the operations under way; no look-up leads from one to the other.
class Link : public core::DeviceLink {
public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() override = default;

    // core::DeviceLink
    [[nodiscard]] core::SendResult send(core::FrameKind kind, std::string_view payload) override;
    void close(proto::CloseCode code, std::string_view reason) override;
    void abort() override;

    [[nodiscard]] std::size_t unsent_bytes() const override { return unsent_; }

    [[nodiscard]] std::uint64_t taken_bytes() const override;

    [[nodiscard]] std::string_view remote() const override { return remote_; }

    // For the endpoint, in this order.
    void begin(WsConnection& connection,
               const LinkContext& context,
               std::string remote,
               core::Instant now);
    /// The next part of the handshake (TLS, then HTTP) has begun.
    void restart_handshake_timer();

    void keep_identity(std::any identity) { identity_ = std::move(identity); }

    /// 101 is out; the listener is asked for.
    void open(Acceptor& acceptor);
    void frame(core::FrameKind kind, std::string_view payload);
    void ping(std::string_view payload);
    void pong();
    /// The certificate that the peer came with is accepted no longer.
    void revoked();
    /// websocketpp is through with the connection: tells the listener and lets go of the socket.
    void terminated();
    /// The endpoint is going: nobody is told anything any more.
    void detach();

    [[nodiscard]] bool attached() const { return context_ != nullptr; }

    /// The peer owes us bytes of the handshake: none that it sent wait to be read.
    [[nodiscard]] bool is_waited_for() const;

    /// Its ClientHello is complete, or it needs none.
    [[nodiscard]] bool has_said_hello() const;

    [[nodiscard]] core::Instant accepted_at() const { return accepted_at_; }

    /// Runs what handlers call. websocketpp lets exceptions through to io_context::run().
    template <class Action>
    void guarded(Action&& action);

private:
    enum class Stage { handshake, open, closing, over };

    /// False: websocketpp did not take it. `on_written` runs when it was written, or never will be.
    template <class OnWritten>
    [[nodiscard]] bool enqueue(std::uint8_t opcode, std::string_view payload, OnWritten on_written);
    void written(std::size_t bytes);
    void send_pong(std::string_view payload);
    void pong_written();
    /// Runs `action` in a later turn of the loop, if the link is still attached.
    template <class Action>
    void post(Action action);
    void start_timer(std::chrono::milliseconds after, const char* what);
    void drop_socket();
    void notify_closed();

    WsConnection* connection_ = nullptr;  ///< what this is a part of
    const LinkContext* context_ = nullptr;
    core::LinkListener* listener_ = nullptr;
    std::size_t unsent_ = 0;
    core::Instant accepted_at_{};
    std::string remote_;
    std::any identity_;                          ///< between 101 and on_open
    std::unique_ptr<asio::steady_timer> timer_;  ///< while a handshake, opening or closing, runs
    /// The last ping that must wait for the pongs before it (RFC 6455 section 5.5.3).
    std::unique_ptr<std::string> owed_pong_;
    std::string reason_;
    std::optional<proto::CloseCode> code_;  ///< ours, once close() or abort() was called
    Stage stage_ = Stage::handshake;
    std::uint8_t pongs_ = 0;  ///< not yet written
    bool was_dropped_ = false;
};

template <class Action>
void Link::guarded(Action&& action) {
    if (!attached()) {
        return;
    }
    try {
        action();
    } catch (const std::exception& error) {
        context_->failed(std::string{"exception: "} + error.what());
        abort();
    }
}

/// websocketpp's `connection_base`.
struct LinkHolder {
    Link link;
    /// Where the endpoint lists it while it is in its handshake.
    std::optional<std::list<WsConnection*>::iterator> handshake;
    // Whether the endpoint's Capacity counts it among its sockets and among its connections.
    bool counted_socket = false;
    bool counted_open = false;
};

}  // namespace dm::net
