#include "control/calls/call.hpp"

#include <algorithm>

namespace dm::control {

namespace {

/// States of a command that is sent again and again: more are not told.
constexpr std::size_t kMaxTold = 1000;

}  // namespace

Call::Call(CallMode mode, std::chrono::milliseconds patience, core::Instant now)
    : mode_(mode), started_(now), next_publish_(now + kFirstRepeat) {
    if (mode != CallMode::stream) {
        patience_until_ = now + patience;
    }
}

CallStep Call::on_message(const proto::Outcome& outcome, std::string raw, core::Instant now) {
    CallStep step;
    if (outcome.state == "rejected") {
        const auto error = outcome.error.value_or(proto::ErrorDetail{});
        step.end = CallEnd{
            CallEnd::Why::rejected, outcome.state, error.code, error.message, std::move(raw)};
        return step;
    }
    const auto state = proto::parse_command_state(outcome.state);
    if (!state) {
        return step;  // `late`, and whatever future nodes may say
    }
    if (!accepted_) {
        accepted_ = true;
        next_publish_ = now + kReminder;
    }
    if (proto::is_terminal(*state)) {
        const auto error = outcome.error.value_or(proto::ErrorDetail{});
        step.event = CallEvent{outcome.state, place_of(outcome, true), raw};
        step.end = CallEnd{
            CallEnd::Why::finished, outcome.state, error.code, error.message, std::move(raw)};
        return step;
    }
    const bool is_new =
        told_.size() < kMaxTold && told_.emplace(outcome.state, outcome.attempt.value_or(0)).second;
    if (!is_new || (*state == proto::CommandState::accepted && told_.size() > 1)) {
        return step;  // repeated
    }
    last_ = raw;
    step.event = CallEvent{outcome.state, place_of(outcome, false), raw};
    if (mode_ == CallMode::submit) {
        step.end = CallEnd{CallEnd::Why::accepted, outcome.state, {}, {}, std::move(raw)};
    }
    return step;
}

/// States say which step of the history they are. An end does not: it is the step behind them, and
/// where one of them was not told its number is too low at worst, so that a reader who goes on from
/// it is told the end twice.
std::optional<std::uint64_t> Call::place_of(const proto::Outcome& outcome, bool is_end) {
    if (outcome.seq) {
        place_ = *outcome.seq;
        return place_;
    }
    if (!is_end || !outcome.time) {
        return std::nullopt;
    }
    const auto ms = outcome.time->time_since_epoch().count();
    return std::max(place_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)));
}

CallStep Call::on_time(core::Instant now) {
    CallStep step;
    if (!accepted_ && now >= started_ + kNoNodeAfter) {
        step.end = CallEnd{CallEnd::Why::no_node,
                           {},
                           "no_node",
                           "no node has accepted the command; it may be accepted yet",
                           {}};
    } else if (patience_until_ && now >= *patience_until_) {
        if (accepted_) {
            step.end = CallEnd{CallEnd::Why::patience, "accepted", {}, {}, last_};
        } else {
            patience_until_ = started_ + kNoNodeAfter;  // 202 would promise too much
        }
    }
    if (!step.end && now >= next_publish_) {
        step.publish = true;
        pause_ = accepted_ ? std::chrono::milliseconds(kReminder) : pause_ * 2;
        next_publish_ = now + pause_;
    }
    return step;
}

CallStep Call::on_reconnected(core::Instant now) {
    next_publish_ = now + (accepted_ ? std::chrono::milliseconds(kReminder) : pause_);
    CallStep step;
    step.publish = true;
    return step;
}

core::Instant Call::next() const {
    core::Instant next = next_publish_;
    if (!accepted_) {
        next = std::min(next, started_ + kNoNodeAfter);
    }
    if (patience_until_) {
        next = std::min(next, *patience_until_);
    }
    return next;
}

}  // namespace dm::control
