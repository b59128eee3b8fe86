#pragma once

#include "device-mgmt/core/ports.hpp"
#include "device-mgmt/net/ws_endpoint.hpp"

#include <any>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace dm::net::test {

/// A blocking peer that the test drives byte by byte.
class RawClient {
public:
    explicit RawClient(std::uint16_t port);

    void send(std::string_view bytes);
    /// Takes what has arrived.
    void poll();
    /// Ends with a reset.
    void reset();

    [[nodiscard]] const std::string& received() const { return received_; }

    void forget() { received_.clear(); }

    /// The server closed or reset.
    [[nodiscard]] bool ended() const { return ended_; }

private:
    asio::io_context io_;
    asio::ip::tcp::socket socket_;
    std::string received_;
    bool ended_ = false;
};

std::string handshake(const std::string& path = "/", const std::string& more = "");
std::string masked(unsigned first, const std::string& payload);
std::string close_frame(std::uint16_t code);

/// Writes down what a link says.
struct Listener final : core::LinkListener {
    std::vector<std::string> frames;
    std::size_t control_frames = 0;
    std::size_t writable = 0;
    std::size_t revoked = 0;
    std::vector<std::pair<proto::CloseCode, std::string>> closes;
    std::function<void(std::string_view)> on_next_frame;

    void on_frame(core::FrameKind kind, std::string_view payload) override;

    void on_control_frame() override { ++control_frames; }

    void on_writable() override { ++writable; }

    void on_revoked() override { ++revoked; }

    void on_close(proto::CloseCode code, std::string_view reason) override {
        closes.emplace_back(code, std::string{reason});
    }
};

/// An endpoint, its loop and everything it told.
struct World final : Acceptor {
    struct Session {
        core::DeviceLink* link;
        std::unique_ptr<Listener> listener;
        std::any identity;
    };

    explicit World(const EndpointLimits& limits = {},
                   std::shared_ptr<const TlsContext> tls = nullptr,
                   Capacity* capacity = nullptr);

    tl::expected<Admission, Refusal> on_upgrade(const UpgradeRequest& request) override;
    core::LinkListener* on_open(core::DeviceLink& link, std::any identity) override;

    /// Runs the loop until `done`; fails the test after ten seconds.
    void until(const std::function<bool()>& done);
    /// A client whose handshake is through, and the server's side of it.
    std::unique_ptr<RawClient> open();

    [[nodiscard]] Session& last() { return sessions.back(); }

    [[nodiscard]] bool failed_with(std::string_view text) const;

    asio::io_context io{1};
    std::vector<Session> sessions;
    std::vector<std::string> paths;
    std::vector<std::string> failures;
    std::vector<int> refusals;
    std::size_t handshakes_done = 0;
    std::optional<Refusal> refuse;
    std::function<void(const UpgradeRequest&)> on_request;
    std::function<void(core::DeviceLink&)> on_opened;
    std::optional<WsEndpoint> endpoint;
};

}  // namespace dm::net::test
