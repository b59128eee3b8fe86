#pragma once

#include "device-mgmt/net/lean_stream.hpp"
#include "firmware-sim/clock.hpp"
#include "firmware-sim/target.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <tl/expected.hpp>

namespace dm::sim {

class ClientTls;

/// A TCP or TLS connection that is read and written on the calling thread, with a time limit on
/// everything: for checks that go step by step, and that send what no library would.
class Wire {
public:
    /// Connects, and speaks TLS if the target does. The error is a sentence.
    [[nodiscard]] static tl::expected<std::unique_ptr<Wire>, std::string> open(
        const Target& target,
        const ClientTls* tls,
        const std::string& device,
        std::chrono::milliseconds patience);

    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire() = default;

    /// False when the peer does not take it in time, or is gone.
    bool write(std::string_view bytes, Instant deadline);

    /// What is there, at least one byte; empty at the deadline, and when `ended`.
    [[nodiscard]] std::string read(Instant deadline);

    /// The peer has closed or reset the connection.
    [[nodiscard]] bool ended() const { return ended_; }

private:
    using Step = net::LeanStream::Step;

    Wire() = default;

    [[nodiscard]] std::string connect(const Target& target, Instant deadline);
    [[nodiscard]] std::string start_tls(const Target& target,
                                        const ClientTls& tls,
                                        const std::string& device,
                                        Instant deadline);

    /// Tries until nothing is wanted any more; empty when the deadline has passed.
    template <class Attempt>
    [[nodiscard]] std::optional<Step> perform(Attempt attempt, Instant deadline);

    [[nodiscard]] bool wait(net::LeanStream::Want want, Instant deadline);

    asio::io_context io_{1};
    net::LeanStream stream_{io_};
    std::array<char, 16384> buffer_{};
    bool ended_ = false;
};

}  // namespace dm::sim
