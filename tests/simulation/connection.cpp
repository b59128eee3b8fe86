#include "tests/simulation/connection.hpp"

#include "tests/simulation/device.hpp"
#include "tests/simulation/node.hpp"

#include <algorithm>
#include <utility>

namespace dm::simulation {

namespace {

using namespace std::chrono_literals;
using proto::CloseCode;

/// A peer that does not answer the closing handshake is reset.
constexpr std::chrono::milliseconds kClosePatience{5000};

}  // namespace

Connection::Connection(Run& run,
                       Node& node,
                       Device& device,
                       LinkNumber number,
                       core::SessionRef ref,
                       const core::SessionSettings& settings)
    : run_(run),
      node_(node),
      device_(device),
      number_(number),
      ref_(ref),
      socket_(run.schedule.begin_owner()),
      wire_(run.schedule.begin_owner()),
      is_slow_(run.chance.one_in(8)),
      session_(settings, device.id(), proto::Format::json, std::nullopt, *this, *this) {
    report(core::SessionOpened{std::string(remote()), {}});
}

Connection::~Connection() {
    run_.schedule.end_owner(socket_);
    run_.schedule.end_owner(wire_);
}

// ---- the device's end ----

void Connection::say(std::string frame) {
    last_said_ = std::max(last_said_, run_.now().mono + run_.chance.hop());
    run_.schedule.at(last_said_, wire_, [this, frame = std::move(frame)] {
        if (!is_over_) {
            session_.on_frame(core::FrameKind::text, frame);
        }
    });
}

void Connection::leave() {
    last_said_ = std::max(last_said_, run_.now().mono + run_.chance.hop());
    run_.schedule.at(last_said_, wire_, [this] { over(CloseCode::normal); });
}

void Connection::cut() {
    if (is_cut_) {
        return;
    }
    is_cut_ = true;
    run_.schedule.end_owner(wire_);
    if (!run_.chance.one_in(3)) {  // else the heartbeats tell
        run_.schedule.after(run_.chance.between(0ms, run_.chance.one_in(3) ? 4000ms : 50ms),
                            socket_,
                            [this] { over(CloseCode::abnormal); });
    }
}

// ---- the node's end ----

core::SendResult Connection::send(core::FrameKind /*kind*/, std::string_view payload) {
    if (closing_ || is_over_ || unsent_bytes_ + payload.size() > kRoom) {
        has_dropped_ = true;
        return core::SendResult::dropped;
    }
    unsent_bytes_ += payload.size();
    unsent_.emplace_back(payload);
    read_later();
    return core::SendResult::ok;
}

void Connection::close(CloseCode code, std::string_view reason) {
    closing_.emplace(code, std::string(reason));
    read_later();
    run_.schedule.after(kClosePatience, socket_, [this, code] {
        device_.on_closed(number_, std::nullopt);  // the reset
        over(code);
    });
}

void Connection::abort() {
    is_cut_ = true;
    run_.schedule.end_owner(wire_);
    run_.schedule.after(0ms, socket_, [this] { over(CloseCode::abnormal); });
}

void Connection::read_later() {
    if (is_reading_ || is_cut_) {
        return;
    }
    is_reading_ = true;
    const auto delay =
        is_slow_ && !run_.calm ? run_.chance.between(100ms, 2000ms) : run_.chance.hop();
    run_.schedule.after(delay, wire_, [this] { read(); });
}

void Connection::read() {
    is_reading_ = false;
    if (unsent_.empty()) {
        if (closing_) {
            device_.on_closed(number_, proto::retry_after(closing_->second));
            run_.schedule.after(run_.chance.hop(), wire_, [this] { over(closing_->first); });
        }
        return;
    }
    const std::string frame = std::move(unsent_.front());
    unsent_.pop_front();
    unsent_bytes_ -= frame.size();
    taken_bytes_ += frame.size();
    if (has_dropped_ && !closing_ && unsent_bytes_ <= kRoom / 2) {
        has_dropped_ = false;
        session_.on_writable();
    }
    if (!unsent_.empty() || closing_) {
        read_later();
    }
    device_.on_frame(number_, frame);
}

void Connection::over(CloseCode code) {
    if (!is_over_) {
        is_over_ = true;
        session_.on_close(code, "");
        node_.forget_later(number_);
    }
}

void Connection::report(core::ReportBody body) {
    node_.report(*this, std::move(body));
}

void Connection::check_at(core::Instant when) {
    run_.schedule.at(when + run_.chance.between(0ms, 250ms), socket_, [this] {
        if (!is_over_) {
            session_.check();
        }
    });
}

}  // namespace dm::simulation
