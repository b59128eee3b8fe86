#include "device-mgmt/check/peer.hpp"

#include "protocol/json_to_cbor.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace dm::check {
namespace {

core::FrameKind kind_of(proto::Format format) {
    return format == proto::Format::json ? core::FrameKind::text : core::FrameKind::binary;
}

bool is_bare_life(core::FrameKind kind, std::string_view payload) {
    return kind == core::FrameKind::text && (payload.empty() || payload == "\n");
}

}  // namespace

Peer::Peer(core::DeviceLink& link, proto::Format format, auth::Identity identity)
    : link_(&link),
      format_(format),
      identity_(std::move(identity)),
      last_life_(core::read_clock().mono) {}

void Peer::send(const proto::ServerFrame& frame) {
    if (link_ != nullptr) {
        static_cast<void>(link_->send(kind_of(format_), proto::encode(format_, frame)));
    }
}

void Peer::send_object(std::string_view json) {
    if (link_ != nullptr) {
        const auto payload =
            format_ == proto::Format::json ? std::string(json) : proto::json_to_cbor(json);
        static_cast<void>(link_->send(kind_of(format_), payload));
    }
}

void Peer::close(proto::CloseCode code, std::string_view reason) {
    if (link_ != nullptr) {
        link_->close(code, reason);
    }
}

void Peer::abort() {
    if (link_ != nullptr) {
        link_->abort();
    }
}

const proto::Reply* Peer::reply(std::string_view id, std::size_t first) const {
    for (std::size_t i = arrivals_.size(); i > first; --i) {
        const auto& frame = arrivals_[i - 1].frame;
        const auto* reply = frame ? std::get_if<proto::Reply>(&*frame) : nullptr;
        if (reply != nullptr && reply->id == id) {
            return reply;
        }
    }
    return nullptr;
}

void Peer::measure_silence(core::Instant now) {
    last_life_ = now;
    longest_silence_ = {};
}

core::Duration Peer::longest_silence(core::Instant now) const {
    return std::max(longest_silence_, now - last_life_);
}

void Peer::on_frame(core::FrameKind kind, std::string_view payload) {
    const auto now = core::read_clock();
    alive(now.mono);
    if (is_bare_life(kind, payload)) {
        return;
    }
    if (kind != kind_of(format_)) {
        return keep({now.mono, {}, "a binary message on dm.v1.json, or a text on dm.v1.cbor"});
    }
    auto frame = proto::decode_device_frame(format_, payload);
    if (!frame) {
        return keep(
            {now.mono, {}, fmt::format("{}: {}", word(frame.error().code), frame.error().message)});
    }
    const bool heartbeat = std::holds_alternative<proto::Heartbeat>(*frame);
    keep({now.mono, *std::move(frame), {}});
    if (heartbeat && !silent_) {
        send(proto::HeartbeatAnswer{now.wall});
    }
}

void Peer::on_control_frame() {
    ++control_frames_;
    alive(core::read_clock().mono);
}

void Peer::on_close(proto::CloseCode code, std::string_view reason) {
    link_ = nullptr;
    end_ = fmt::format("{} {}", static_cast<unsigned>(code), reason);
}

void Peer::alive(core::Instant now) {
    longest_silence_ = std::max(longest_silence_, now - last_life_);
    last_life_ = now;
}

void Peer::keep(Arrival arrival) {
    if (arrivals_.size() < kMaxArrivals) {
        arrivals_.push_back(std::move(arrival));
    } else {
        close(proto::CloseCode::rate_limit, word(proto::CloseCode::rate_limit));
    }
}

}  // namespace dm::check
