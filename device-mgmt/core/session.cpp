#include "device-mgmt/core/session.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace dm::core {

namespace {

using proto::CloseCode;
using proto::FrameError;

/// Whether a device should come back by itself, at a time we choose.
bool is_planned(CloseCode code) {
    return code == CloseCode::drain || code == CloseCode::session_refresh ||
           code == CloseCode::overloaded;
}

/// A device that is asked to come back after a refresh may do so at once: the refreshes of a fleet
/// are spread already.
constexpr std::chrono::milliseconds kRefreshRetry{0};

/// A token that is valid for longer is as good as one for ever, and fits every clock.
constexpr std::chrono::hours kLongestToken{24 * 365 * 10};

}  // namespace

Session::Session(const SessionSettings& settings,
                 proto::DeviceId device,
                 proto::Format format,
                 std::optional<proto::WallTime> expires_at,
                 DeviceLink& link,
                 SessionHost& host)
    : settings_(settings),
      device_(std::move(device)),
      link_(link),
      host_(host),
      last_rx_(host.now().mono),
      frames_(settings.max_frames_per_s, settings.max_frames_per_s * 4, last_rx_),
      opened_(last_rx_),
      refresh_at_(choose_refresh()),
      next_look_(Instant::max()),
      format_(format) {
    if (expires_at) {
        set_expiry(*expires_at, host.now());
    }
    arm(next_deadline(), last_rx_);
}

Instant Session::choose_refresh() const {
    if (settings_.refresh.count() == 0) {
        return Instant::max();
    }
    // The device and the moment it came at: another share of the ± 10 % in every session.
    constexpr std::uint64_t kSteps = 2001;
    const auto opened = static_cast<std::uint64_t>(opened_.time_since_epoch().count());
    std::uint64_t mixed = std::hash<proto::DeviceId>{}(device_) + opened;
    mixed = (mixed ^ (mixed >> 33U)) * 0xff51afd7ed558ccdU;  // MurmurHash3's finalizer
    const std::uint64_t step = (mixed ^ (mixed >> 33U)) % kSteps;
    const double share = 0.9 + 0.2 * static_cast<double>(step) / (kSteps - 1);
    return opened_ + std::chrono::duration_cast<Instant::duration>(settings_.refresh * share);
}

bool Session::is_refresh_due(Instant now) const {
    return now >= refresh_at_ &&
           (now - last_command_ >= kRefreshCalm || now - refresh_at_ >= kRefreshPatience);
}

void Session::set_expiry(proto::WallTime expires_at, const Moment& now) {
    // Measured once: a later step of the wall clock closes nobody.
    const auto left = std::min<std::chrono::milliseconds>(expires_at - now.wall, kLongestToken);
    expires_at_ = expires_at;
    token_end_ = now.mono + left + kTokenGrace;
}

FrameKind Session::own_kind() const {
    return format_ == proto::Format::json ? FrameKind::text : FrameKind::binary;
}

void Session::on_frame(FrameKind kind, std::string_view payload) {
    if (closing_) {
        return;
    }
    const Instant now = host_.now().mono;
    last_rx_ = now;
    if (!frames_.take(now)) {
        close(CloseCode::rate_limit, std::nullopt);
        return;
    }
    if (kind == FrameKind::text && (payload.empty() || payload == "\n")) {
        host_.count_in("heartbeat");
        return;
    }
    if (kind != own_kind()) {
        host_.count_in("invalid");
        close(CloseCode::unacceptable, std::nullopt);
        return;
    }
    auto frame = proto::decode_device_frame(format_, payload);
    if (!frame) {
        bad_frame(frame.error());
        return;
    }
    host_.count_in(proto::type_of(*frame));
    on_decoded(*frame);
}

void Session::on_control_frame() {
    const Instant now = host_.now().mono;
    last_rx_ = now;
    if (!closing_ && !frames_.take(now)) {
        close(CloseCode::rate_limit, std::nullopt);
    }
}

void Session::on_decoded(proto::DeviceFrame& frame) {
    if (std::holds_alternative<proto::Heartbeat>(frame)) {
        // Lost under back-pressure: the device's own frames keep the session alive, not this one.
        static_cast<void>(send(proto::HeartbeatAnswer{host_.now().wall}));
    } else if (const auto* token = std::get_if<proto::Token>(&frame)) {
        on_token(*token);
    } else if (auto* hello = std::get_if<proto::Hello>(&frame)) {
        host_.report(ForwardedFrame{std::move(*hello)});
    } else if (auto* ack = std::get_if<proto::Ack>(&frame)) {
        host_.report(ForwardedFrame{std::move(*ack)});
    } else if (auto* reply = std::get_if<proto::Reply>(&frame)) {
        host_.report(ForwardedFrame{std::move(*reply)});
    } else if (auto* telemetry = std::get_if<proto::Telemetry>(&frame)) {
        host_.report(ForwardedFrame{std::move(*telemetry)});
    } else if (auto* alert = std::get_if<proto::Alert>(&frame)) {
        host_.report(ForwardedFrame{std::move(*alert)});
    } else if (auto* subscribe = std::get_if<proto::Subscribe>(&frame)) {
        host_.report(ForwardedFrame{std::move(*subscribe)});
    } else if (auto* unsubscribe = std::get_if<proto::Unsubscribe>(&frame)) {
        host_.report(ForwardedFrame{std::move(*unsubscribe)});
    }
}

void Session::on_token(const proto::Token& token) {
    if (!expires_at_) {
        static_cast<void>(send(proto::ErrorFrame{FrameError::token_rejected,
                                                 "jwt: this session was not opened with a token",
                                                 std::nullopt}));
        return;
    }
    const auto renewed = host_.renew_token(token.jwt);
    if (!renewed) {
        static_cast<void>(send(proto::ErrorFrame{
            FrameError::token_rejected, "jwt: " + renewed.error(), std::nullopt}));
        return;
    }
    const Moment now = host_.now();
    set_expiry(*renewed, now);
    arm(next_deadline(), now.mono);
    static_cast<void>(send(proto::TokenOk{*renewed}));
}

void Session::bad_frame(const proto::FrameProblem& problem) {
    host_.count_in("invalid");
    static_cast<void>(send(proto::ErrorFrame{problem.code, problem.message, problem.id}));
    if (problem.code != FrameError::bad_frame) {
        return;
    }
    const auto recent = std::find_if(bad_frames_.begin(), bad_frames_.end(), [&](Instant at) {
        return last_rx_ - at < kBadFrameWindow;
    });
    bad_frames_.erase(bad_frames_.begin(), recent);
    bad_frames_.push_back(last_rx_);
    if (bad_frames_.size() >= kMaxBadFrames) {
        close(CloseCode::policy, std::nullopt);
    }
}

SendResult Session::send(const proto::ServerFrame& frame) {
    if (closing_) {
        return SendResult::dropped;
    }
    if (!welcomed_) {  // the welcome comes first
        if (early_.size() == kMaxEarlyFrames) {
            return SendResult::dropped;
        }
        early_.push_back(frame);
        return SendResult::ok;
    }
    const SendResult result = link_.send(own_kind(), proto::encode(format_, frame));
    if (result == SendResult::ok) {
        host_.count_out(proto::type_of(frame));
    } else if (!blocked_since_) {
        const Instant now = host_.now().mono;
        blocked_since_ = now;
        blocked_taken_ = link_.taken_bytes();
        arm(now + kStuckAfter, now);
    }
    return result;
}

void Session::on_writable() {
    blocked_since_.reset();
    host_.report(SessionWritable{});
}

void Session::welcome(std::uint64_t epoch) {
    welcomed_ = true;
    static_cast<void>(send(proto::Welcome{device_,
                                          settings_.node,
                                          epoch,
                                          settings_.heartbeat,
                                          settings_.max_message_bytes,
                                          host_.now().wall,
                                          expires_at_}));
    for (const proto::ServerFrame& frame : std::exchange(early_, {})) {
        static_cast<void>(send(frame));
    }
}

void Session::send_command(const proto::CommandFrame& frame) {
    const bool in_turn =
        sent_back_.empty() ||
        std::find(sent_back_.begin(), sent_back_.end(), frame.id) != sent_back_.end();
    bool ok = false;
    if (in_turn) {
        sent_back_.clear();
        ok = welcomed_ && send(frame) == SendResult::ok;
    }
    if (ok) {
        last_command_ = host_.now().mono;
    } else {
        sent_back_.push_back(frame.id);
    }
    host_.report(CommandSent{frame.id, ok, host_.now()});
    if (!in_turn && !blocked_since_ && !closing_) {
        host_.report(SessionWritable{});  // it was told before this one came back
    }
}

void Session::acknowledge(const proto::ReplyAck& ack) {
    // When it is dropped the device repeats its reply after the next connect.
    static_cast<void>(send(ack));
}

void Session::refuse(const proto::ErrorFrame& error) {
    static_cast<void>(send(error));
}

SendResult Session::deliver(std::string_view encoded) {
    const bool slow =
        blocked_since_ || link_.unsent_bytes() + encoded.size() > settings_.max_unsent_bytes / 2;
    if (closing_ || !welcomed_ || slow || link_.send(own_kind(), encoded) != SendResult::ok) {
        return SendResult::dropped;
    }
    host_.count_out("message");
    return SendResult::ok;
}

void Session::close(CloseCode code, std::optional<std::chrono::milliseconds> retry_after) {
    if (closing_) {
        return;
    }
    if (is_planned(code) && retry_after && welcomed_) {
        static_cast<void>(
            send(proto::Reconnect{std::string(proto::word(code)), *retry_after, std::nullopt}));
    }
    closing_ = true;
    link_.close(code, proto::close_reason(proto::word(code), retry_after));
}

void Session::revoke() {
    if (!closing_) {
        closing_ = true;
        link_.close(CloseCode::policy, "revoked");
    }
}

void Session::on_close(CloseCode code, std::string_view reason) {
    closing_ = true;
    closed_ = true;
    host_.log_close(code, reason);
    host_.report(SessionClosed{code, std::string(reason)});
}

Instant Session::next_deadline() const {
    Instant next = last_rx_ + settings_.dead_after;
    if (!welcomed_) {
        next = std::min(next, opened_ + kWelcomeTimeout);
    }
    if (blocked_since_) {
        next = std::min(next, *blocked_since_ + kStuckAfter);
    }
    if (token_end_) {
        next = std::min(next, *token_end_);
    }
    if (refresh_at_ != Instant::max()) {
        next = std::min(
            next,
            std::max(refresh_at_,
                     std::min(last_command_ + kRefreshCalm, refresh_at_ + kRefreshPatience)));
    }
    return next;
}

bool Session::is_stuck(Instant now) {
    if (!blocked_since_ || now - *blocked_since_ < kStuckAfter) {
        return false;
    }
    const std::uint64_t taken = link_.taken_bytes();
    if (taken == blocked_taken_) {
        return true;
    }
    blocked_since_ = now;  // slow, but not stuck
    blocked_taken_ = taken;
    return false;
}

void Session::arm(Instant when, Instant now) {
    when = std::min(when, now + kLongestSleep);
    if (when < next_look_) {
        next_look_ = when;
        host_.check_at(when);
    }
}

bool Session::check() {
    const Instant now = host_.now().mono;
    if (closing_ || now < next_look_) {
        return false;
    }
    next_look_ = Instant::max();
    if (now - last_rx_ >= settings_.dead_after) {
        close(CloseCode::heartbeat_missed, std::nullopt);
    } else if (is_stuck(now)) {
        close(CloseCode::too_slow, std::nullopt);
    } else if (!welcomed_ && now - opened_ >= kWelcomeTimeout) {
        close(CloseCode::overloaded, kWelcomeTimeout);
    } else if (token_end_ && now >= *token_end_) {
        close(CloseCode::token_expired, std::nullopt);
    } else if (is_refresh_due(now)) {
        close(CloseCode::session_refresh, kRefreshRetry);
    } else {
        arm(next_deadline(), now);
        return false;
    }
    return true;
}

}  // namespace dm::core
