#pragma once

#include "device-mgmt/core/ports.hpp"
#include "device-mgmt/core/session.hpp"
#include "tests/simulation/run.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace dm::simulation {

class Device;
class Node;

/// Names a connection in the whole run.
using LinkNumber = std::uint64_t;

/// A device's connection to the node: a real session between a link with little room, over which
/// bytes take their time and are lost with it, and a shard that the node plays.
class Connection final : public core::DeviceLink, public core::SessionHost {
public:
    static constexpr std::size_t kRoom = 700;  ///< unsent bytes; a few commands

    Connection(Run& run,
               Node& node,
               Device& device,
               LinkNumber number,
               core::SessionRef ref,
               const core::SessionSettings& settings);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] core::SessionRef ref() const { return ref_; }

    [[nodiscard]] LinkNumber number() const { return number_; }

    [[nodiscard]] Device& device() { return device_; }

    [[nodiscard]] core::Session& session() { return session_; }

    // ---- the device's end ----

    void say(std::string frame);

    /// It closes.
    void leave();

    /// The network is gone. What is under way is lost, and the node notices when it does.
    void cut();

    // core::DeviceLink
    [[nodiscard]] core::SendResult send(core::FrameKind kind, std::string_view payload) override;
    void close(proto::CloseCode code, std::string_view reason) override;
    void abort() override;

    [[nodiscard]] std::size_t unsent_bytes() const override { return unsent_bytes_; }

    [[nodiscard]] std::uint64_t taken_bytes() const override { return taken_bytes_; }

    [[nodiscard]] std::string_view remote() const override { return "192.0.2.1:1"; }

    // core::SessionHost
    void report(core::ReportBody body) override;
    void check_at(core::Instant when) override;

    [[nodiscard]] tl::expected<proto::WallTime, std::string> renew_token(
        std::string_view /*jwt*/) override {
        return tl::unexpected(std::string("none"));
    }

    void count_in(std::string_view /*type*/) override {}

    void count_out(std::string_view /*type*/) override {}

    void log_close(proto::CloseCode /*code*/, std::string_view /*reason*/) override {}

    [[nodiscard]] core::Moment now() const override { return run_.now(); }

private:
    void read_later();
    /// The device reads what comes next.
    void read();
    /// The node has noticed that it is over.
    void over(proto::CloseCode code);

    Run& run_;
    Node& node_;
    Device& device_;
    LinkNumber number_;
    core::SessionRef ref_;
    Schedule::Owner socket_;  ///< the node's end
    Schedule::Owner wire_;    ///< what is under way
    bool is_slow_;
    bool is_cut_ = false;
    bool is_over_ = false;
    bool has_dropped_ = false;
    bool is_reading_ = false;
    std::deque<std::string> unsent_;
    std::size_t unsent_bytes_ = 0;
    std::uint64_t taken_bytes_ = 0;
    std::optional<std::pair<proto::CloseCode, std::string>> closing_;  ///< after what is unsent
    core::Instant last_said_{};
    core::Session session_;  ///< last: it calls the rest from its constructor
};

}  // namespace dm::simulation
