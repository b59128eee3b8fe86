// What sessions report: the dispatcher's lower half.

#include "device-mgmt/core/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace dm::core {

namespace {

using proto::CommandState;
using proto::ReplyResult;

/// Whether `session` can know the command: it left for certain, or it was handed to an earlier
/// session that has not yet said so, or an earlier process sent it and died before that was stored.
bool may_be_known(const Pending& pending, SessionRef session) {
    return pending.command.attempts > 0 || pending.restored ||
           (pending.stage == Stage::sending && pending.sent_to != session);
}

}  // namespace

void Dispatcher::attach(const proto::DeviceId& device, SessionRef session, Moment now) {
    Mailbox& box = boxes_[device];
    if (box.session && *box.session != session) {
        detach_from(box, *box.session, now);
    }
    box.session = session;
    pump(box, now);
}

void Dispatcher::detach(const proto::DeviceId& device, SessionRef session, Moment now) {
    Mailbox* box = box_of(device);
    if (box == nullptr || box->session != session) {
        return;
    }
    detach_from(*box, session, now);
    drop_if_idle(device);
}

void Dispatcher::detach_from(Mailbox& box, SessionRef session, Moment now) {
    box.session.reset();
    box.blocked = false;
    box.drained = false;
    for (Pending& pending : box.commands) {
        // One that is still `sending` stays so until its CommandSent says whether it left.
        if (pending.stage == Stage::sent && pending.sent_to == session) {
            session_lost(pending, now);
        }
    }
}

void Dispatcher::session_lost(Pending& pending, Moment now) {
    if (pending.command.delivery == proto::Delivery::at_most_once) {
        end_unknown(pending, now);
        return;
    }
    set_stage(pending, Stage::waiting);
    tell(pending, CommandState::queued, now, "session lost");
}

void Dispatcher::sent(
    const proto::DeviceId& device, SessionRef session, std::string_view id, bool ok, Moment at) {
    Mailbox* box = box_of(device);
    Pending* pending = box == nullptr ? nullptr : box->find(id);
    if (pending == nullptr || pending->stage != Stage::sending || pending->sent_to != session) {
        return;
    }
    Command& command = pending->command;
    const bool still_owner = box->session == session;
    if (ok) {
        ++command.attempts;
        if (!pending->sent_at) {
            pending->sent_at = at;
        }
        if (still_owner) {
            set_stage(*pending, Stage::sent);
            tell(*pending, CommandState::sent, at);
            if (box->blocked) {
                pump(*box, at);
            }
            return;
        }
        session_lost(*pending, at);
    } else {
        came_back(*pending, at);
        if (still_owner) {
            box->blocked = true;
            box->drained = false;
        }
    }
    pump(*box, at);
}

void Dispatcher::came_back(Pending& pending, Moment at) {
    Command& command = pending.command;
    set_stage(pending, Stage::waiting);
    if (command.attempts > 0) {
        return;
    }
    deadlines_.remove(command.reply_by->mono, command.number);
    command.reply_by.reset();
    deadlines_.set(command.send_by.mono, command.number, command.key.device);
    if (command.content.is_immediate()) {
        end_overdue(pending, at);
    }
}

void Dispatcher::writable(const proto::DeviceId& device, SessionRef session, Moment now) {
    Mailbox* box = box_of(device);
    if (box != nullptr && box->session == session) {
        box->drained = box->blocked;
        pump(*box, now);
    }
}

void Dispatcher::acked(const proto::DeviceId& device,
                       SessionRef session,
                       std::string_view id,
                       Moment now) {
    Mailbox* box = box_of(device);
    Pending* pending = box == nullptr ? nullptr : box->find(id);
    if (pending == nullptr || box->session != session || !may_be_known(*pending, session)) {
        return;
    }
    // `waiting` and `sending`: the ack of an earlier sending, repeated after a reconnect.
    if (pending->stage == Stage::sent || pending->stage == Stage::waiting ||
        (pending->stage == Stage::sending && pending->sent_to != session)) {
        pending->command.attempts = std::max(pending->command.attempts, 1U);
        set_stage(*pending, Stage::delivered);
        tell(*pending, CommandState::delivered, now);
        pump(*box, now);
    }
}

bool Dispatcher::replied(const proto::DeviceId& device,
                         SessionRef session,
                         const proto::Reply& reply,
                         Moment now) {
    Mailbox* box = box_of(device);
    Pending* pending = box == nullptr ? nullptr : box->find(reply.id);
    if (pending == nullptr) {
        return false;
    }
    if (pending->stage == Stage::ending && pending->stored) {
        reply_while_ending(*pending, session, reply, now);
        return true;
    }
    if (!may_be_known(*pending, session)) {
        effects_.emplace_back(AckReply{session, {reply.id, ReplyResult::unknown}});
        return true;
    }
    pending->command.attempts = std::max(pending->command.attempts, 1U);
    Ending ending{CommandState::succeeded, reply.status, reply.data, std::nullopt, true};
    if (reply.status == "error") {
        ending.state = CommandState::failed;
        ending.error = proto::ErrorDetail{"device_error", "the device reported an error"};
    } else if (reply.status == "rejected") {
        ending.state = CommandState::failed;
        ending.error = proto::ErrorDetail{"device_rejected", "the device rejected the command"};
    }
    pending->acks.emplace_back(session, ReplyResult::stored);
    end(*pending, std::move(ending), now);
    pump(*box, now);
    return true;
}

void Dispatcher::reply_while_ending(Pending& pending,
                                    SessionRef session,
                                    const proto::Reply& reply,
                                    Moment now) {
    if (pending.acks.size() < kMaxHeldAcks) {
        pending.acks.emplace_back(
            session, pending.ended_by_reply ? ReplyResult::duplicate : ReplyResult::late);
    }
    if (!pending.ended_by_reply) {
        tell_late(pending.command.key.device, reply, pending.command.attempts, now);
    }
}

void Dispatcher::reply_to_finished(const proto::DeviceId& device,
                                   SessionRef session,
                                   const proto::Reply& reply,
                                   const std::optional<FinishedCommand>& finished,
                                   Moment now) {
    ReplyResult result = ReplyResult::unknown;
    if (finished) {
        result = finished->by_reply ? ReplyResult::duplicate : ReplyResult::late;
    }
    effects_.emplace_back(AckReply{session, {reply.id, result}});
    if (result == ReplyResult::late) {
        tell_late(device, reply, reply.attempt.value_or(0), now);
    }
}

void Dispatcher::tell_late(const proto::DeviceId& device,
                           const proto::Reply& reply,
                           std::uint32_t attempt,
                           Moment now) {
    effects_.emplace_back(PublishStatus{
        {reply.id,
         device,
         "late",
         attempt,
         now.wall,
         settings_.node,
         reply.status,
         reply.data,
         std::nullopt},
        false,
        std::nullopt,
        std::nullopt,
    });
}

}  // namespace dm::core
