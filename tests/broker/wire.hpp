#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace dm::test {

/// A TCP server that takes one client after the other and shows what really is on the wire. Each
/// wait is 20 s at most.
class WireTap {
public:
    WireTap();
    ~WireTap();
    WireTap(const WireTap&) = delete;
    WireTap& operator=(const WireTap&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// Waits for a client and one whole MQTT packet; closes the connection.
    [[nodiscard]] std::string first_packet() const;

    /// Waits for a client, accepts its CONNECT and answers its SUBSCRIBE with `reason`; returns
    /// when the client has closed.
    void answer_subscription(char reason) const;

    /// Waits for a client, accepts its CONNECT, reads `bytes` more and resets the connection, while
    /// the client goes on to write.
    void reset_after(std::size_t bytes) const;

private:
    int listener_;
    std::uint16_t port_;
};

/// A TCP connection to 127.0.0.1. Each wait is 20 s at most.
class TcpClient {
public:
    explicit TcpClient(std::uint16_t port);
    ~TcpClient();
    TcpClient(const TcpClient&) = delete;
    TcpClient& operator=(const TcpClient&) = delete;

    /// As much of `bytes` as the peer takes.
    void write(const std::string& bytes) const;

    /// Everything up to and with `end`, or up to the close.
    [[nodiscard]] std::string read_until(const std::string& end) const;

    [[nodiscard]] std::string read_until_closed() const;

private:
    int socket_;
};

}  // namespace dm::test
