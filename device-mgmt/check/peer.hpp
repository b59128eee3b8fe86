#pragma once

#include "device-mgmt/auth/identity.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/ports.hpp"
#include "protocol/frame_codec.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::check {

/// One message of the device.
struct Arrival {
    core::Instant at;
    std::optional<proto::DeviceFrame> frame;  ///< empty: it could not be read, see `problem`
    std::string problem;
};

/// One session of the device under test: keeps what comes and answers nothing but heartbeats. Lives
/// on after the connection. One thread.
class Peer final : public core::LinkListener {
public:
    /// More messages in one session close it with 4005.
    static constexpr std::size_t kMaxArrivals = 10000;

    Peer(core::DeviceLink& link, proto::Format format, auth::Identity identity);

    void send(const proto::ServerFrame& frame);

    /// An object that the codec would not write, given as JSON.
    void send_object(std::string_view json);

    void close(proto::CloseCode code, std::string_view reason);
    void abort();

    [[nodiscard]] bool is_open() const { return link_ != nullptr; }

    [[nodiscard]] proto::Format format() const { return format_; }

    [[nodiscard]] const auth::Identity& identity() const { return identity_; }

    [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }

    /// The latest reply to `id` among the arrivals from `first` on.
    [[nodiscard]] const proto::Reply* reply(std::string_view id, std::size_t first = 0) const;

    /// Pings and pongs. The transport answers pings: a device that pings always hears something.
    [[nodiscard]] std::size_t control_frames() const { return control_frames_; }

    /// The longest time without any sign of life since `measure_silence`, up to `now`.
    void measure_silence(core::Instant now);
    [[nodiscard]] core::Duration longest_silence(core::Instant now) const;

    /// Heartbeats are not answered any more.
    void fall_silent() { silent_ = true; }

    /// `1000 normal`, once it is not open.
    [[nodiscard]] const std::string& end() const { return end_; }

private:
    void on_frame(core::FrameKind kind, std::string_view payload) override;
    void on_control_frame() override;

    void on_writable() override {}

    void on_revoked() override {}

    void on_close(proto::CloseCode code, std::string_view reason) override;

    void alive(core::Instant now);
    void keep(Arrival arrival);

    core::DeviceLink* link_;
    proto::Format format_;
    auth::Identity identity_;
    std::vector<Arrival> arrivals_;
    std::size_t control_frames_ = 0;
    core::Instant last_life_;
    core::Duration longest_silence_{};
    bool silent_ = false;
    std::string end_;
};

}  // namespace dm::check
