// The model's relay: what it tells the dispatcher, and what the dispatcher may want.

#include "tests/unit/core/dispatcher_model.hpp"

#include <string>
#include <utility>
#include <variant>

namespace dm::test {

using core::SessionRef;

// ---- reports of sessions ----

void DispatcherModel::deliver_report(std::size_t device, ModelSession& session) {
    if (session.reports.empty()) {
        return;
    }
    const core::ReportBody report = std::move(session.reports.front());
    session.reports.pop_front();
    std::visit([&](const auto& body) { on_report(device, session, body); }, report);
    carry_out();
}

void DispatcherModel::on_report(std::size_t device,
                                ModelSession& session,
                                const core::SessionOpened& /*opened*/) {
    Device& owned = devices_[device];
    if (owned.owner) {
        if (const auto old = sessions_.find(owned.owner->session); old != sessions_.end()) {
            old->second.second->orders.emplace_back(
                core::CloseSession{proto::CloseCode::replaced, {}});
        }
        lose_owner(device);
    }
    owned.owner = session.ref;
    session.orders.emplace_back(core::Welcome{session.ref.session});
    dispatcher_.attach(owned.id, session.ref, clock_.now());
}

void DispatcherModel::on_report(std::size_t device,
                                ModelSession& session,
                                const core::SessionClosed& /*closed*/) {
    if (devices_[device].owner == session.ref) {
        lose_owner(device);
    }
    dispatcher_.detach(devices_[device].id, session.ref, clock_.now());
}

void DispatcherModel::lose_owner(std::size_t device) {
    Device& owned = devices_[device];
    for (auto& [number, known] : tracks_) {
        if (known.key.device == owned.id && known.where == Track::Where::sent) {
            known.where = Track::Where::waiting;
        }
    }
    owned.owner.reset();
}

void DispatcherModel::on_report(std::size_t device,
                                ModelSession& session,
                                const core::CommandSent& sent) {
    Track* known = track({devices_[device].id, sent.id});
    if (known != nullptr && known->where == Track::Where::sending &&
        known->session == session.ref) {
        known->left += sent.ok ? 1U : 0U;
        known->where = sent.ok && devices_[device].owner == session.ref ? Track::Where::sent
                                                                        : Track::Where::waiting;
        if (known->left == 0) {
            known->reply_by.reset();
        }
    }
    dispatcher_.sent(devices_[device].id, session.ref, sent.id, sent.ok, sent.at);
}

void DispatcherModel::on_report(std::size_t device,
                                ModelSession& session,
                                const core::SessionWritable& /*now*/) {
    dispatcher_.writable(devices_[device].id, session.ref, clock_.now());
}

void DispatcherModel::on_report(std::size_t device,
                                ModelSession& session,
                                const core::ForwardedFrame& frame) {
    const proto::DeviceId& id = devices_[device].id;
    if (const auto* ack = std::get_if<proto::Ack>(&frame)) {
        Track* known = track({id, ack->id});
        if (known != nullptr && devices_[device].owner == session.ref) {
            const bool not_told =
                known->where == Track::Where::sending && known->session != session.ref;
            if (known->where == Track::Where::sent || not_told ||
                (known->where == Track::Where::waiting && known->left > 0)) {
                known->where = Track::Where::delivered;
                known->left = std::max(known->left, 1U);
            }
        }
        dispatcher_.acked(id, session.ref, ack->id, clock_.now());
    } else if (const auto* reply = std::get_if<proto::Reply>(&frame)) {
        ++unacknowledged_[{session.ref.session, reply->id}];
        if (!dispatcher_.replied(id, session.ref, *reply, clock_.now())) {
            dispatcher_.reply_to_finished(
                id, session.ref, *reply, find_finished({id, reply->id}), clock_.now());
        }
    }
}

// ---- effects ----

void DispatcherModel::carry_out() {
    for (const core::Effect& effect : dispatcher_.take_effects()) {
        std::visit([this](const auto& one) { on_effect(one); }, effect);
    }
}

void DispatcherModel::on_effect(const core::StoreAccepted& effect) {
    const core::Command& command = effect.command;
    require(track(command.key) == nullptr, "accepted twice: " + command.key.id);
    Track fresh(command);
    numbers_[{command.key.device.str(), command.key.id}] = command.number;
    require(tracks_.emplace(command.number, std::move(fresh)).second, "number used twice");
    require(tracks_.size() < 2 || tracks_.rbegin()->first == command.number,
            "numbers are not in order of acceptance");
    store_.push_back({command.number, StoreCall::acceptance});
}

void DispatcherModel::on_effect(const core::StoreFinished& effect) {
    Track* known = track({effect.terminal.device, effect.terminal.id});
    require(known != nullptr, "ended before it was accepted");
    if (known == nullptr) {
        return;
    }
    ++known->ends;
    require(known->ends == 1, "ended twice: " + known->key.id);
    require(proto::is_terminal(effect.terminal.state), "an end that is no terminal state");
    require(effect.terminal.state != proto::CommandState::expired || known->left == 0,
            "expired after it had left: " + known->key.id);
    known->where = Track::Where::ended;
    store_.push_back({known->command.number, StoreCall::end});
}

void DispatcherModel::on_effect(const core::StoreMark& effect) {
    Track* known = track(effect.key);
    require(known != nullptr && known->committed, "marked before it was accepted");
    if (known != nullptr && effect.awaited) {
        require(!known->marked_at, "marked twice: " + effect.key.id);
        store_.push_back({known->command.number, StoreCall::mark});
    }
}

void DispatcherModel::on_effect(const core::SendFrame& effect) {
    Track* known = track({effect.device, effect.frame.id});
    if (known == nullptr || !known->committed) {
        return fail("sent before it was accepted: " + effect.frame.id);
    }
    const std::string& id = effect.frame.id;
    const bool at_most_once = known->command.delivery == proto::Delivery::at_most_once;
    require(known->where == Track::Where::waiting, "sent while under way or ended: " + id);
    require(effect.frame.attempt == known->left + 1, "attempts do not rise by one: " + id);
    require(known->left == 0 || !at_most_once, "an at_most_once command was sent again: " + id);
    const bool immediate = known->command.content.is_immediate() && known->left == 0;
    require(!at_most_once || known->marked_at, "at_most_once was sent before its mark: " + id);
    if (immediate) {
        require((at_most_once ? known->marked_at : known->committed_at) == clock_.now().mono,
                "ttl_s 0 was sent late: " + id);
    } else if (known->left == 0) {
        require(effect.frame.time < known->command.send_by.wall, "sent after send_by: " + id);
    }
    if (known->left > 0) {
        require(effect.frame.expires_at == known->reply_by->wall, "reply_by has moved: " + id);
        require(effect.frame.time < known->reply_by->wall, "sent after reply_by: " + id);
    } else {
        require(effect.frame.expires_at == effect.frame.time + known->command.content.timeout,
                "reply_by is not the first sending and timeout_s: " + id);
        known->reply_by = core::Moment{{}, effect.frame.expires_at};
    }
    for (const auto& [number, other] : tracks_) {
        require(number >= known->command.number || other.key.device != effect.device ||
                    other.where != Track::Where::waiting || !other.committed,
                id + " was sent before the older " + other.key.id);
    }
    known->where = Track::Where::sending;
    known->session = effect.to;
    require(in_flight(effect.device) <= settings_.window, "more in flight than the window: " + id);
    const auto to = sessions_.find(effect.to.session);
    require(to != sessions_.end(), "sent to a session whose end is known: " + id);
    if (to != sessions_.end()) {
        to->second.second->orders.emplace_back(core::SendCommand{effect.device, effect.frame});
    }
}

void DispatcherModel::on_effect(const core::AckReply& effect) {
    const auto to = sessions_.find(effect.to.session);
    --unacknowledged_[{effect.to.session, effect.ack.id}];
    require(unacknowledged_[{effect.to.session, effect.ack.id}] >= 0,
            "a reply_ack without a reply: " + effect.ack.id);
    if (to == sessions_.end()) {
        return;  // the session has gone meanwhile
    }
    const std::size_t device = to->second.first;
    const Track* known = track({devices_[device].id, effect.ack.id});
    require(effect.ack.result == proto::ReplyResult::unknown ||
                (known != nullptr && known->end_committed),
            "a reply was acknowledged before the end was safe: " + effect.ack.id);
    require(
        effect.ack.result != proto::ReplyResult::unknown || known == nullptr || known->left == 0,
        "unknown although it had left: " + effect.ack.id);
    to->second.second->orders.emplace_back(core::AcknowledgeReply{effect.ack});
}

void DispatcherModel::on_effect(const core::PublishStatus& effect) {
    Track* known = track({effect.status.device, effect.status.id});
    require(known != nullptr && known->committed, "told a state before it was accepted");
    if (known != nullptr && effect.status.state == "accepted") {
        ++known->told_accepted;
        require(effect.durable, "accepted told carelessly");
    }
}

void DispatcherModel::on_effect(const core::PublishRejection& effect) {
    const Track* known = effect.id ? track({effect.device, *effect.id}) : nullptr;
    require(known == nullptr || effect.code == proto::Rejection::id_conflict,
            "accepted and rejected: " + effect.id.value_or("null"));
}

void DispatcherModel::on_effect(const core::RepeatTerminal& effect) {
    const Track* known = track(effect.finished.key);
    require(known != nullptr && known->ends == 1, "repeated the end of what has not ended");
}

}  // namespace dm::test
