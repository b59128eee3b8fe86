#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dm::broker {

/// What SO_SNDBUF is asked for. Linux gives twice the less of this and net.core.wmem_max, which is
/// 416 KiB where nobody changed it.
inline constexpr int kSendBufferBytes = 1024 * 1024;

/// The TCP socket of a broker connection, to which Paho C 1.3.12 offers no way: it is looked for
/// among this process's descriptors by its peer's port. Another connection to the same port is
/// taken for it as well, which does no harm. Paho owns the descriptors and may close them at any
/// time. One thread.
class BrokerSocket {
public:
    BrokerSocket() = default;

    /// Finds it, and sets what Paho does not:
    /// - TCP_NODELAY. A publish that follows a QoS 0 one, which nobody answers, would wait for the
    ///   broker's delayed ACK: 40 ms (measured: 900 messages/s where it could be 30,000).
    /// - SO_SNDBUF. See kMaxInFlightBytes.
    explicit BrokerSocket(std::uint16_t peer_port);

    /// Bytes that the peer's kernel has not acknowledged. 0 when the socket is gone.
    [[nodiscard]] std::size_t unacknowledged_bytes() const;

private:
    std::vector<int> descriptors_;
};

}  // namespace dm::broker
