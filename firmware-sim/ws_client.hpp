#pragma once

#include "firmware-sim/target.hpp"
#include "protocol/codes.hpp"
#include "protocol/frame_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>

namespace dm::sim {

class ClientTls;

/// Names a connection to its user: at most one at a time per slot.
using Slot = std::uint32_t;

/// Why there was no 101.
struct ConnectFailure {
    int status = 0;  ///< the HTTP status; 0: it did not come to an answer
    std::optional<std::chrono::milliseconds> retry_after;
    std::string reason;
};

/// Called on the client's thread, never inside a call to WsClient. After on_failed or on_close the
/// slot is free.
class WsClientListener {
public:
    virtual ~WsClientListener() = default;

    virtual void on_open(Slot slot) = 0;
    virtual void on_failed(Slot slot, const ConnectFailure& failure) = 0;

    /// One complete message. The view is valid during the call.
    virtual void on_message(Slot slot, bool binary, std::string_view payload) = 0;

    /// A ping (answered already) or pong.
    virtual void on_control_frame(Slot slot) = 0;

    virtual void on_close(Slot slot, proto::CloseCode code, std::string_view reason) = 0;
};

struct ConnectRequest {
    Target target;
    asio::ip::address source;  ///< unspecified: the system's choice
    std::string device;        ///< whose certificate to present
    std::optional<std::string> authorization;
    proto::Format format = proto::Format::json;
};

/// WebSocket connections on one io_context: websocketpp over the server's own lean stream, one
/// descriptor each. One thread: the one that runs `io`.
class WsClient {
public:
    /// Beyond it send() drops.
    static constexpr std::size_t kMaxUnsentBytes = 256UL * 1024UL;
    static constexpr std::size_t kMaxMessageBytes = 1024UL * 1024UL;

    /// `tls` may be null when no target is wss. `resume`: offer each slot's last TLS session.
    /// Slots are 0 … `slots` − 1.
    WsClient(asio::io_context& io,
             const ClientTls* tls,
             bool resume,
             std::size_t slots,
             WsClientListener& listener);
    ~WsClient();
    WsClient(const WsClient&) = delete;
    WsClient& operator=(const WsClient&) = delete;

    /// on_open or on_failed follows; there is no time-out here, abort() ends the attempt.
    void connect(Slot slot, const ConnectRequest& request);

    /// False: dropped, because too much is unsent or the connection is not open.
    [[nodiscard]] bool send(Slot slot, bool binary, std::string_view payload);

    /// Starts the closing handshake, given up after 5 s. on_close follows.
    void close(Slot slot, proto::CloseCode code, std::string_view reason);

    /// The open connection continues the TLS session of the one before.
    [[nodiscard]] bool resumed(Slot slot) const;

    /// Resets the connection, or ends the attempt. on_close or on_failed follows.
    void abort(Slot slot);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::sim
