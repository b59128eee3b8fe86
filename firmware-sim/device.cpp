#include "firmware-sim/device.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace dm::sim {
namespace {

std::optional<proto::JsonText> labels_of(const Profile& profile) {
    if (profile.labels.empty()) {
        return std::nullopt;
    }
    JsonObject labels;
    for (const auto& [key, value] : profile.labels) {
        labels.text(key, value);
    }
    return labels.str();
}

}  // namespace

Device::Device(proto::DeviceId id,
               std::string_view model,
               const Profile& profile,
               const Credentials* credentials,
               Counters& counters,
               std::uint64_t seed,
               CommandJournal* journal)
    : id_(std::move(id)),
      profile_(profile),
      credentials_(credentials),
      counters_(counters),
      journal_(journal),
      random_(seed),
      model_(make_model(model, random_)) {}

void Device::restore(ReplyMemory memory, proto::WallTime now) {
    memory_ = std::move(memory);
    for (const auto& id : memory_.interrupted()) {
        Result result = failed("interrupted by a restart");
        keep_reply({id, std::move(result.status), std::move(result.data), now, {}});
    }
}

void Device::on_open(Instant now) {
    session_.emplace(now);
    advice_.reset();
}

void Device::on_close() {
    session_.reset();
    next_reading_ = Instant::max();
}

void Device::on_sign_of_life(Instant now) {
    if (session_) {
        session_->heard(now);
    }
}

void Device::on_frame(const proto::ServerFrame& frame, Moment now, Frames& out) {
    if (!session_) {
        return;
    }
    session_->heard(now.mono);
    std::visit([&](const auto& known) { on(known, now, out); }, frame);
}

void Device::on(const proto::Welcome& welcome, Moment now, Frames& out) {
    counters_.sessions.add();
    if (!std::exchange(seen_, true)) {
        counters_.devices_seen.add();
    }
    if (welcome.epoch <= last_epoch_) {
        counters_.stale_epochs.add();
    }
    last_epoch_ = std::max(last_epoch_, welcome.epoch);
    session_->on_welcome(welcome, now, random_);

    out.emplace_back(
        proto::Hello{std::string{model_->name()}, profile_.firmware, labels_of(profile_)});
    if (!profile_.streams.empty()) {
        out.emplace_back(proto::Subscribe{profile_.streams});
    }
    for (auto& reply : memory_.unacknowledged()) {
        counters_.replies.add();
        counters_.repeated.add();
        out.emplace_back(std::move(reply));
    }
    if (profile_.telemetry_period.count() > 0) {
        next_reading_ =
            now.mono + random_.between(std::chrono::milliseconds{0}, profile_.telemetry_period);
    }
}

void Device::on(const proto::CommandFrame& command, Moment now, Frames& out) {
    counters_.commands.add();
    if (command.expires_in.count() <= 0) {
        counters_.overdue_commands.add();
    }
    const auto known = memory_.known(command.id);
    if (known == ReplyMemory::Known::no && journal_ != nullptr &&
        !journal_->begun(id_, last_epoch_, command, now)) {
        return;  // as if it had not come: the server sends it again, or times it out
    }
    if (profile_.ack) {
        out.emplace_back(proto::Ack{command.id});
    }
    switch (known) {
        case ReplyMemory::Known::no:
            begin(command, now, out);
            break;
        case ReplyMemory::Known::executing:
            counters_.redelivered.add();
            break;  // its reply is on the way
        case ReplyMemory::Known::replied:
            counters_.redelivered.add();
            counters_.repeated.add();
            send_reply(*memory_.reply(command.id), out);
            break;
    }
}

void Device::begin(const proto::CommandFrame& command, Moment now, Frames& out) {
    if (memory_.begin(command.id)) {
        counters_.forgotten_replies.add();
    }
    counters_.executed.add();
    Result result = random_.chance(profile_.error_probability)
                        ? failed("simulated failure")
                        : execute(*model_, command.command, command.args, random_);
    const auto delay =
        result.takes + random_.between(profile_.reply_delay_min, profile_.reply_delay_max);
    proto::Reply reply{
        command.id, std::move(result.status), std::move(result.data), now.wall + delay, {}};
    if (journal_ != nullptr) {
        journal_->replied(id_, reply);
    }
    if (delay.count() == 0) {
        finish(std::move(reply), out);
    } else {
        working_.push_back({now.mono + delay, std::move(reply)});
    }
}

void Device::finish(proto::Reply reply, Frames& out) {
    send_reply(reply, out);
    memory_.finish(std::move(reply));
}

void Device::send_reply(const proto::Reply& reply, Frames& out) {
    if (welcomed() && !random_.chance(profile_.reply_loss)) {
        counters_.replies.add();
        out.emplace_back(reply);
    }
}

void Device::keep_reply(proto::Reply reply) {
    if (journal_ != nullptr) {
        journal_->replied(id_, reply);
    }
    memory_.finish(std::move(reply));
}

void Device::on(const proto::ReplyAck& ack, Moment /*now*/, Frames& /*out*/) {
    counters_.reply_acks.add();
    if (journal_ != nullptr && memory_.reply(ack.id) != nullptr) {
        journal_->acknowledged(id_, ack.id);
    }
    memory_.acknowledged(ack.id);
}

void Device::on(const proto::StreamMessage& /*message*/, Moment /*now*/, Frames& /*out*/) {
    counters_.messages.add();
}

void Device::on(const proto::HeartbeatAnswer& /*answer*/, Moment /*now*/, Frames& /*out*/) {}

void Device::on(const proto::TokenOk& answer, Moment now, Frames& /*out*/) {
    counters_.renewals.add();
    session_->on_renewed(answer.expires_at, now);
}

void Device::on(const proto::Reconnect& advice, Moment /*now*/, Frames& /*out*/) {
    advice_ = advice;
}

void Device::on(const proto::ErrorFrame& /*error*/, Moment /*now*/, Frames& /*out*/) {
    counters_.error_frames.add();
}

bool Device::server_silent(Instant now) const {
    return session_ && session_->server_silent(now);
}

void Device::on_time(Moment now, Frames& out) {
    finish_due_work(now.mono, out);
    if (!welcomed()) {
        return;
    }
    if (session_->heartbeat_due(now.mono, random_)) {
        counters_.heartbeats.add();
        out.emplace_back(proto::Heartbeat{});
    }
    if (session_->renewal_due(now.mono)) {
        renew_token(now, out);
    }
    if (now.mono >= next_reading_) {
        send_reading(now, out);
    }
}

void Device::finish_due_work(Instant now, Frames& out) {
    std::stable_sort(working_.begin(), working_.end(), [](const Work& a, const Work& b) {
        return a.done < b.done;
    });
    auto next = working_.begin();
    for (; next != working_.end() && next->done <= now; ++next) {
        finish(std::move(next->reply), out);
    }
    working_.erase(working_.begin(), next);
}

void Device::send_reading(Moment now, Frames& out) {
    Reading reading = model_->read(random_);
    if (auto channel = proto::Name::parse(reading.channel)) {
        counters_.telemetry.add();
        out.emplace_back(proto::Telemetry{*std::move(channel), std::move(reading.data), now.wall});
    }
    if (random_.chance(profile_.alert_probability)) {
        Alarm alarm = model_->alarm(random_);
        counters_.alerts.add();
        out.emplace_back(proto::Alert{alarm.severity, std::move(alarm.message), {}, now.wall});
    }
    const auto period = profile_.telemetry_period;
    next_reading_ = now.mono + random_.between(period * 4 / 5, period * 6 / 5);
}

void Device::renew_token(Moment now, Frames& out) {
    if (credentials_ == nullptr) {
        return;
    }
    if (auto jwt = credentials_->renewal(id_, now.wall)) {
        out.emplace_back(proto::Token{*std::move(jwt)});
    }
}

Instant Device::next_due() const {
    Instant due = next_reading_;
    if (session_) {
        due = std::min(due, session_->next_due());
    }
    for (const auto& work : working_) {
        due = std::min(due, work.done);
    }
    return due;
}

}  // namespace dm::sim
