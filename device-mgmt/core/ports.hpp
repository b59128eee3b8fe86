#pragma once

#include "protocol/codes.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The ports between decisions (core) and the transport (net). One thread: the shard's.
namespace dm::core {

enum class FrameKind { text, binary };

enum class SendResult {
    ok,       ///< taken over; will be written in order
    dropped,  ///< nothing was taken: unsent bytes would exceed the link's bound, or it is closing
};

/// One WebSocket connection after its 101. Implemented by net::WsEndpoint, and by a fake in tests.
///
/// Valid from LinkListener's creation until `LinkListener::on_close` has returned.
class DeviceLink {
public:
    virtual ~DeviceLink() = default;

    /// Queues one message. Never blocks, never calls back into the listener.
    [[nodiscard]] virtual SendResult send(FrameKind kind, std::string_view payload) = 0;

    /// Starts the closing handshake; bytes already queued go first. When the peer does not answer
    /// in time the socket is reset. `on_close` follows exactly once, never inside this call.
    virtual void close(proto::CloseCode code, std::string_view reason) = 0;

    /// Drops the connection now: no close frame is waited for, socket and buffers are released
    /// before the next turn of the loop. `on_close` follows exactly once, never inside this call.
    virtual void abort() = 0;

    /// Bytes held for the peer: those of every message that is not yet written whole.
    [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;

    /// Bytes the kernel has taken for the peer since the connection began. While bytes are unsent
    /// this grows exactly as fast as the peer reads.
    [[nodiscard]] virtual std::uint64_t taken_bytes() const = 0;

    /// `address:port` of the peer.
    [[nodiscard]] virtual std::string_view remote() const = 0;
};

/// What a link tells its user.
class LinkListener {
public:
    virtual ~LinkListener() = default;

    /// One complete message. The view is valid during the call.
    virtual void on_frame(FrameKind kind, std::string_view payload) = 0;

    /// Any other sign of life: a ping or pong (pings are answered by the link itself).
    virtual void on_control_frame() = 0;

    /// Unsent bytes fell below half of the bound after a send had been dropped.
    virtual void on_writable() = 0;

    /// The certificate that the peer came with is accepted no longer; the link stays open.
    virtual void on_revoked() = 0;

    /// The link is gone; last call. `code` is the peer's code, ours, or 1006.
    virtual void on_close(proto::CloseCode code, std::string_view reason) = 0;
};

}  // namespace dm::core
