#pragma once

#include "device-mgmt/core/ports.hpp"
#include "device-mgmt/net/upgrade.hpp"

#include <any>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <asio/io_context.hpp>
#include <tl/expected.hpp>

namespace dm::net {

class Capacity;
class TlsContext;

/// Bounds of one endpoint. Each has a documented behaviour at the bound.
struct EndpointLimits {
    std::size_t max_message_bytes = 65536;  ///< larger: close 1009
    /// More: send() answers `dropped`. Every message counts as its payload and 256 bytes.
    std::size_t max_unsent_bytes = 128UL * 1024;
    /// Accepting pauses, until a handshake ends or the oldest has waited handshake_patience or
    /// hello_patience for its peer: that one is reset.
    std::size_t max_handshakes = 512;
    double accepts_per_address_per_s = 200;  ///< beyond it (burst ×5): reset right after accept
    std::chrono::milliseconds handshake_timeout{5000};  ///< TLS, then HTTP: each
    std::chrono::milliseconds handshake_patience{1500};
    /// The same before the ClientHello is complete, which follows the connection at once: longer
    /// than TCP takes to send it again (200 ms).
    std::chrono::milliseconds hello_patience{300};
    std::chrono::milliseconds close_timeout{5000};  ///< closing handshake, then reset
    /// The same for a peer that was silent or did not read (4002, 4006): it hardly answers.
    std::chrono::milliseconds lost_peer_timeout{500};
    std::chrono::milliseconds user_timeout{45000};  ///< TCP_USER_TIMEOUT
    /// Bytes that the kernel holds for a peer without having sent them (TCP_NOTSENT_LOWAT): what
    /// waits beyond waits in max_unsent_bytes.
    std::size_t kernel_unsent_bytes = 128UL * 1024;
    std::chrono::milliseconds accept_backoff{100};  ///< after EMFILE, ENFILE, ENOMEM, ENOBUFS
};

struct EndpointSettings {
    std::string address = "0.0.0.0";
    std::uint16_t port = 0;   ///< 0: the kernel picks one, see WsEndpoint::port()
    bool reuse_port = false;  ///< SO_REUSEPORT, for several shards on one port
    EndpointLimits limits;
    /// Shared with other endpoints; null: no bound. Over its connections or overloaded: 503 with
    /// Retry-After; over its sockets: accepting pauses. Must outlive the endpoint.
    Capacity* capacity = nullptr;
};

/// Who decides about and uses the connections of an endpoint. Called on the endpoint's thread.
class Acceptor {
public:
    virtual ~Acceptor() = default;

    /// Decides before 101. No session exists yet; nothing may be kept of the views.
    [[nodiscard]] virtual tl::expected<Admission, Refusal> on_upgrade(
        const UpgradeRequest& request) = 0;

    /// The connection is open. The returned listener (never null) must live until its on_close
    /// has returned, `link` lives exactly as long.
    [[nodiscard]] virtual core::LinkListener* on_open(core::DeviceLink& link,
                                                      std::any identity) = 0;
};

/// What happened at the door; counters for metrics. Called on the endpoint's thread.
struct EndpointObserver {
    std::function<void(std::chrono::steady_clock::duration)> handshake_done;  ///< accept → 101
    std::function<void(int status)> refused;              ///< an upgrade was answered with status
    std::function<void(const std::string& what)> failed;  ///< TLS failure, time-out, accept error
};

/// A WebSocket server on one io_context, wss or ws: websocketpp over our own stream.
///
/// One thread: everything but the constructor must be called on the thread that runs `io`.
class WsEndpoint {
public:
    /// `tls` null: plain ws.
    WsEndpoint(asio::io_context& io,
               EndpointSettings settings,
               std::shared_ptr<const TlsContext> tls,
               Acceptor& acceptor,
               EndpointObserver observer = {});
    ~WsEndpoint();
    WsEndpoint(const WsEndpoint&) = delete;
    WsEndpoint& operator=(const WsEndpoint&) = delete;

    /// Binds and starts accepting. The error is a sentence with address and port.
    [[nodiscard]] tl::expected<void, std::string> listen();

    /// The port that is bound.
    [[nodiscard]] std::uint16_t port() const;

    /// Uses `tls` from the next accepted connection on; open ones keep theirs. Where other client
    /// certificates are accepted than before, those of open connections are verified again, some
    /// per turn of the loop, and on_revoked told of those that are not. Only for an endpoint that
    /// was made with TLS.
    void replace_tls(std::shared_ptr<const TlsContext> tls);

    /// Stops accepting; handshakes under way go on and open connections stay.
    void stop_accepting();

    /// Resets every connection that is left, handshakes included; each open one gets its
    /// on_close.
    void abort_all();

    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t handshakes() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::net
