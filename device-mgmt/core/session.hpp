#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/ports.hpp"
#include "device-mgmt/core/reports.hpp"
#include "device-mgmt/core/token_bucket.hpp"
#include "protocol/frame_codec.hpp"
#include "protocol/frames.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::core {

struct SessionSettings {
    std::string node;
    std::chrono::seconds heartbeat{20};
    std::chrono::milliseconds dead_after{50'000};
    double max_frames_per_s = 50;  ///< with bursts of four times as many; beyond: close 4005
    std::uint32_t max_message_bytes = 65536;
    std::size_t max_unsent_bytes = 128 * 1024UL;  ///< the link's bound
    std::chrono::seconds refresh{3600};           ///< give or take 10 %, then close 4004; 0: never
};

inline constexpr std::chrono::seconds kTokenGrace{60};      ///< after `exp`, before 4003
inline constexpr std::chrono::seconds kStuckAfter{10};      ///< full, and no byte leaves: 4006
inline constexpr std::chrono::seconds kBadFrameWindow{60};  ///< ten bad frames within: 1008
inline constexpr std::size_t kMaxBadFrames = 10;
inline constexpr std::chrono::seconds kWelcomeTimeout{10};  ///< claim not answered: 1013
inline constexpr std::chrono::seconds kLongestSleep{60};    ///< between two checks
/// A refresh waits until no command was sent for so long, which gives the last one time to be
/// answered …
inline constexpr std::chrono::seconds kRefreshCalm{5};
/// … but for a device that is never left alone it waits no longer than this.
inline constexpr std::chrono::seconds kRefreshPatience{60};
/// Answers to frames that came before the welcome and wait for it; beyond, they are dropped.
inline constexpr std::size_t kMaxEarlyFrames = 8;

/// What a session needs from its shard. Called on the shard's thread.
class SessionHost {
public:
    virtual ~SessionHost() = default;

    virtual void report(ReportBody body) = 0;

    /// Asks for `Session::check` at `when`.
    virtual void check_at(Instant when) = 0;

    /// A renewed token's expiry, if the token is good and its subject is this device.
    [[nodiscard]] virtual tl::expected<proto::WallTime, std::string> renew_token(
        std::string_view jwt) = 0;

    virtual void count_in(std::string_view type) = 0;
    virtual void count_out(std::string_view type) = 0;
    virtual void log_close(proto::CloseCode code, std::string_view reason) = 0;

    [[nodiscard]] virtual Moment now() const = 0;
};

/// One device's connection after 101: decodes, answers what concerns only the session, forwards
/// the rest, and closes who is silent, too fast, too slow or talks nonsense.
///
/// No I/O, no clock: `link` and `host` are ports. Lives on its shard's thread; destroyed by the
/// shard after on_close has returned, never inside a call.
class Session final : public LinkListener {
public:
    /// `expires_at` is a token's; absent for other identities.
    Session(const SessionSettings& settings,
            proto::DeviceId device,
            proto::Format format,
            std::optional<proto::WallTime> expires_at,
            DeviceLink& link,
            SessionHost& host);

    [[nodiscard]] const proto::DeviceId& device() const { return device_; }

    // LinkListener
    void on_frame(FrameKind kind, std::string_view payload) override;
    void on_control_frame() override;
    void on_writable() override;

    void on_revoked() override { revoke(); }

    void on_close(proto::CloseCode code, std::string_view reason) override;

    // Orders of the relay.
    void welcome(std::uint64_t epoch);

    /// Reports CommandSent, once. After one that did not fit into the link younger ones, which may
    /// be under way already, do not slip past it: they come back too, until one that came back is
    /// sent again.
    void send_command(const proto::CommandFrame& frame);
    void acknowledge(const proto::ReplyAck& ack);
    void refuse(const proto::ErrorFrame& error);

    /// A message to many, encoded in this session's format. Dropped where more than half of what
    /// may be unsent is: the rest is for commands.
    [[nodiscard]] SendResult deliver(std::string_view encoded);

    [[nodiscard]] proto::Format format() const { return format_; }

    /// Closes with `reconnect` told before where the code is a planned one.
    void close(proto::CloseCode code, std::optional<std::chrono::milliseconds> retry_after);

    /// The identity this session was opened with is no longer valid: 1008 `revoked`.
    void revoke();

    /// Looks at the clocks: liveness, stuck link, token. Asks for the next look itself. True when
    /// it ended the session.
    bool check();

    [[nodiscard]] bool closed() const { return closed_; }

    /// When this session is due to be refreshed.
    [[nodiscard]] Instant refresh_at() const { return refresh_at_; }

private:
    void on_decoded(proto::DeviceFrame& frame);
    void on_token(const proto::Token& token);
    void bad_frame(const proto::FrameProblem& problem);
    [[nodiscard]] SendResult send(const proto::ServerFrame& frame);
    /// When this session is to be refreshed: at a moment of its own, so that devices which came
    /// together do not go together.
    [[nodiscard]] Instant choose_refresh() const;
    [[nodiscard]] bool is_refresh_due(Instant now) const;
    void set_expiry(proto::WallTime expires_at, const Moment& now);
    /// Whether the link has been full for kStuckAfter without a byte leaving.
    [[nodiscard]] bool is_stuck(Instant now);
    /// The earliest moment at which a clock of this session can have run out.
    [[nodiscard]] Instant next_deadline() const;
    /// Asks for a check at `when` unless an earlier one is asked for already.
    void arm(Instant when, Instant now);
    [[nodiscard]] FrameKind own_kind() const;

    const SessionSettings& settings_;
    proto::DeviceId device_;
    DeviceLink& link_;
    SessionHost& host_;
    Instant last_rx_;
    TokenBucket frames_;
    std::optional<proto::WallTime> expires_at_;
    std::optional<Instant> token_end_;       ///< expires_at_ and grace on the monotonic clock
    std::optional<Instant> blocked_since_;   ///< a send was dropped and nothing became writable yet
    std::uint64_t blocked_taken_ = 0;        ///< what the kernel had taken then
    std::vector<std::string> sent_back_;     ///< ids since the first one that did not fit
    std::vector<Instant> bad_frames_;        ///< of the last kBadFrameWindow
    std::vector<proto::ServerFrame> early_;  ///< held back until the welcome
    Instant opened_;
    Instant refresh_at_;      ///< far away when sessions are not refreshed
    Instant last_command_{};  ///< when one was sent
    Instant next_look_;       ///< of the checks asked for, the one that counts
    proto::Format format_;
    bool welcomed_ = false;
    bool closing_ = false;
    bool closed_ = false;
};

}  // namespace dm::core
