#include "device-mgmt/core/session.hpp"

#include <algorithm>
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
      expires_at_(expires_at),
      opened_(last_rx_),
      next_look_(Instant::max()),
      format_(format) {
    arm(next_deadline(), last_rx_);
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
    } else if (std::holds_alternative<proto::Subscribe>(frame) ||
               std::holds_alternative<proto::Unsubscribe>(frame)) {
        static_cast<void>(send(proto::ErrorFrame{
            FrameError::not_allowed, "streams: this server offers none", std::nullopt}));
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
    expires_at_ = *renewed;
    static_cast<void>(send(proto::TokenOk{*renewed}));
}

void Session::bad_frame(const proto::FrameProblem& problem) {
    host_.count_in("invalid");
    static_cast<void>(send(proto::ErrorFrame{problem.code, problem.message, problem.id}));
    if (problem.code != FrameError::bad_frame) {
        return;
    }
    if (last_rx_ - bad_since_ > kBadFrameWindow) {
        bad_since_ = last_rx_;
        bad_frames_ = 0;
    }
    if (++bad_frames_ >= kMaxBadFrames) {
        close(CloseCode::policy, std::nullopt);
    }
}

SendResult Session::send(const proto::ServerFrame& frame) {
    if (closing_) {
        return SendResult::dropped;
    }
    const SendResult result = link_.send(own_kind(), proto::encode(format_, frame));
    if (result == SendResult::ok) {
        host_.count_out(proto::type_of(frame));
    } else if (!blocked_since_) {
        const Instant now = host_.now().mono;
        blocked_since_ = now;
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
}

void Session::send_command(const proto::CommandFrame& frame) {
    const bool ok = send(frame) == SendResult::ok;
    host_.report(CommandSent{frame.id, ok, host_.now()});
}

void Session::acknowledge(const proto::ReplyAck& ack) {
    // When it is dropped the device repeats its reply after the next connect.
    static_cast<void>(send(ack));
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
    return next;
}

void Session::arm(Instant when, Instant now) {
    when = std::min(when, now + kLongestSleep);
    if (when < next_look_) {
        next_look_ = when;
        host_.check_at(when);
    }
}

void Session::check() {
    const Moment now = host_.now();
    if (closing_ || now.mono < next_look_) {
        return;
    }
    next_look_ = Instant::max();
    if (now.mono - last_rx_ >= settings_.dead_after) {
        close(CloseCode::heartbeat_missed, std::nullopt);
    } else if (blocked_since_ && now.mono - *blocked_since_ >= kStuckAfter) {
        close(CloseCode::too_slow, std::nullopt);
    } else if (!welcomed_ && now.mono - opened_ >= kWelcomeTimeout) {
        close(CloseCode::overloaded, kWelcomeTimeout);
    } else if (expires_at_ && now.wall >= *expires_at_ + kTokenGrace) {
        close(CloseCode::token_expired, std::nullopt);
    } else {
        Instant next = next_deadline();
        if (expires_at_) {
            next = std::min(next, now.mono + (*expires_at_ + kTokenGrace - now.wall));
        }
        arm(next, now.mono);
    }
}

}  // namespace dm::core
