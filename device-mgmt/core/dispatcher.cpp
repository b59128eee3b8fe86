#include "device-mgmt/core/dispatcher.hpp"

#include "protocol/json_equal.hpp"

#include <algorithm>
#include <utility>

namespace dm::core {

namespace {

using proto::CommandState;
using proto::Rejection;

bool same_content(const CommandContent& a, const proto::CommandRequest& b) {
    return a.command == b.command && a.timeout == b.timeout && a.ttl == b.ttl &&
           proto::equal_json(a.args, b.args);
}

Moment later(Moment from, std::chrono::seconds by) {
    return {from.mono + by, from.wall + by};
}

bool occupies_queue(Stage stage) {
    return stage == Stage::storing || stage == Stage::waiting;
}

const std::string& id_of(const Submission& submission) {
    return submission.request.id ? *submission.request.id : submission.fallback_id;
}

/// Never negative: the wall clock, by which restored commands are placed, may have been set back.
std::chrono::milliseconds latency(const Command& command, Moment now) {
    return std::max(
        std::chrono::milliseconds::zero(),
        std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - command.accepted_at.mono));
}

/// Where states are told besides the status topic.
std::optional<ReplyTo> states_to(const Command& command) {
    return command.report_states && command.reply_to.topic ? std::optional(command.reply_to)
                                                           : std::nullopt;
}

}  // namespace

Dispatcher::Dispatcher(DispatchSettings settings) : settings_(std::move(settings)) {}

Mailbox* Dispatcher::box_of(const proto::DeviceId& device) {
    const auto it = boxes_.find(device);
    return it == boxes_.end() ? nullptr : &it->second;
}

bool Dispatcher::holds(const CommandKey& key) const {
    const auto it = boxes_.find(key.device);
    return it != boxes_.end() && it->second.find(key.id) != nullptr;
}

bool Dispatcher::is_storing(const CommandKey& key) const {
    const auto it = boxes_.find(key.device);
    const Pending* pending = it == boxes_.end() ? nullptr : it->second.find(key.id);
    return pending != nullptr && pending->stage == Stage::storing;
}

// ---- from operators ----

void Dispatcher::submit(const Submission& submission,
                        const std::optional<FinishedCommand>& finished,
                        Moment now) {
    Mailbox& box = boxes_[submission.device];
    if (Pending* pending = box.find(id_of(submission))) {
        repeat(*pending, submission, now);
        return;
    }
    if (finished) {
        if (same_content(finished->content, submission.request)) {
            effects_.emplace_back(RepeatTerminal{*finished, submission.reply_to});
        } else {
            reject(submission, Rejection::id_conflict, "id: used before with other content");
        }
        drop_if_idle(submission.device);
        return;
    }
    if (auto refused = refusal(box, submission)) {
        reject(submission, refused->first, std::move(refused->second));
        drop_if_idle(submission.device);
        return;
    }
    accept(box, submission, now);
}

void Dispatcher::repeat(Pending& pending, const Submission& submission, Moment now) {
    if (!same_content(pending.command.content, submission.request)) {
        reject(submission, Rejection::id_conflict, "id: used before with other content");
    } else if (pending.stored) {
        tell_accepted(pending,
                      submission.reply_to.topic ? std::optional(submission.reply_to) : std::nullopt,
                      now);
    } else if (pending.repeaters.size() < kMaxRepeaters) {
        pending.repeaters.push_back(submission.reply_to);
    }
}

std::optional<std::pair<Rejection, std::string>> Dispatcher::refusal(
    const Mailbox& box, const Submission& submission) const {
    const proto::CommandRequest& request = submission.request;
    if (request.after && !submission.after_known && box.find(*request.after) == nullptr) {
        return {{Rejection::bad_request, "after: no command of this device has this id"}};
    }
    if (request.ttl.count() == 0) {
        if (!box.session) {
            return {{Rejection::device_offline, "device is not connected and ttl_s is 0"}};
        }
        // Whoever waits, or is still being stored, comes first.
        if (box.blocked || box.waiting() + box.in_flight() >= settings_.window) {
            return {{Rejection::busy, "no free slot now and ttl_s is 0"}};
        }
    }
    if (box.waiting() >= settings_.queue_per_device) {
        return {{Rejection::queue_full, "too many commands wait for this device"}};
    }
    if (unfinished_ >= settings_.max_unfinished) {
        return {{Rejection::queue_full, "too many unfinished commands on this node"}};
    }
    return std::nullopt;
}

void Dispatcher::accept(Mailbox& box, const Submission& submission, Moment now) {
    const proto::CommandRequest& request = submission.request;
    Pending pending(Command{
        {submission.device, id_of(submission)},
        {request.command, request.args, request.timeout, request.ttl},
        request.delivery,
        request.report_states,
        submission.reply_to,
        submission.traceparent,
        submission.operator_name,
        next_number_++,
        now,
        later(now, request.ttl),
        std::nullopt,
    });
    ++unfinished_;
    ++waiting_;
    effects_.emplace_back(StoreAccepted{pending.command});
    box.commands.push_back(std::move(pending));
}

Dispatcher::CancelResult Dispatcher::cancel(const CommandKey& key, Moment now) {
    Mailbox* box = box_of(key.device);
    Pending* pending = box == nullptr ? nullptr : box->find(key.id);
    if (pending == nullptr) {
        return CancelResult::unknown;
    }
    if (pending->command.state == CommandState::cancelled) {  // its commit is under way
        return CancelResult::cancelled;
    }
    // One that is still being stored as well: its end is written after its acceptance.
    const bool is_here = occupies_queue(pending->stage);
    if (!is_here || pending->command.attempts > 0) {
        return CancelResult::already_sent;
    }
    end(*pending, {CommandState::cancelled}, now);
    return CancelResult::cancelled;
}

// ---- from the store ----

void Dispatcher::stored(const CommandKey& key, Moment now) {
    Mailbox* box = box_of(key.device);
    Pending* pending = box == nullptr ? nullptr : box->find(key.id);
    if (pending == nullptr || pending->stored) {
        return;
    }
    Command& command = pending->command;
    pending->stored = true;
    tell_accepted(*pending, states_to(command), now);
    for (const ReplyTo& repeater : std::exchange(pending->repeaters, {})) {
        if (repeater.topic) {
            tell_accepted(*pending, repeater, now);
        }
    }
    if (pending->stage != Stage::storing) {  // cancelled meanwhile
        return;
    }
    set_stage(*pending, Stage::waiting);
    deadlines_.set(command.send_by.mono, command.number, key.device);
    pump(*box, now);
    if (pending->stage != Stage::waiting) {
        return;
    }
    if (command.content.is_immediate()) {
        end_overdue(*pending, now);
    } else {
        tell(*pending, CommandState::queued, now);
    }
}

void Dispatcher::stored_end(const CommandKey& key) {
    Mailbox* box = box_of(key.device);
    Pending* pending = box == nullptr ? nullptr : box->find(key.id);
    if (pending == nullptr || pending->stage != Stage::ending) {
        return;
    }
    for (const auto& [session, result] : pending->acks) {
        effects_.emplace_back(AckReply{session, {key.id, result}});
    }
    --unfinished_;
    box->erase(pending->command.number);
    drop_if_idle(key.device);
}

void Dispatcher::marked(const CommandKey& key, Moment now) {
    Mailbox* box = box_of(key.device);
    Pending* pending = box == nullptr ? nullptr : box->find(key.id);
    if (pending == nullptr || pending->stage != Stage::marking) {
        return;
    }
    pending->marked = true;
    set_stage(*pending, Stage::waiting);
    pump(*box, now);
    if (pending->stage == Stage::waiting && pending->command.content.is_immediate()) {
        end_overdue(*pending, now);
    }
}

// ---- time ----

void Dispatcher::advance(Moment now) {
    for (std::size_t ends = 0; ends < kMaxEndsPerTurn; ++ends) {
        const auto due = deadlines_.pop_due(now.mono);
        if (!due) {
            return;
        }
        Mailbox* box = box_of(due->second);
        Pending* pending = box == nullptr ? nullptr : box->find(due->first);
        if (pending == nullptr || decides_when_marked(*pending)) {
            continue;
        }
        end_overdue(*pending, now);
        pump(*box, now);
    }
}

// An immediate one leaves as soon as its mark is stored: what passes meanwhile is the store's time.
bool Dispatcher::decides_when_marked(const Pending& pending) {
    return pending.stage == Stage::marking && pending.command.content.is_immediate();
}

// ---- the machine ----

bool Dispatcher::resume(Mailbox& box) {
    if (box.blocked) {
        // Of what is on its way to the session some may come back: they go first then.
        if (!box.drained || box.is_sending()) {
            return false;
        }
        box.blocked = false;
        box.drained = false;
    }
    return true;
}

void Dispatcher::pump(Mailbox& box, Moment now) {
    if (paused_ || now.mono >= send_until_ || !box.session || !resume(box)) {
        return;
    }
    std::size_t used = box.in_flight();
    for (Pending& pending : box.commands) {
        // About to leave, or the old session has not said yet whether it did; nothing younger
        // overtakes it.
        const bool unsettled = pending.stage == Stage::marking ||
                               (pending.stage == Stage::sending && pending.sent_to != *box.session);
        if (unsettled || used >= settings_.window) {
            return;
        }
        if (pending.stage != Stage::waiting) {
            continue;
        }
        Command& command = pending.command;
        // An immediate one waits only within `stored`: the commit has taken its time.
        const bool is_now = command.content.is_immediate() && command.attempts == 0;
        if (!is_now && command.deadline().mono <= now.mono) {
            end_overdue(pending, now);
            continue;
        }
        if (command.delivery == proto::Delivery::at_most_once && !pending.marked) {
            set_stage(pending, Stage::marking);
            pending.step = step_after(pending.step, now.wall);
            effects_.emplace_back(StoreMark{command.key,
                                            CommandState::sent,
                                            1,
                                            std::nullopt,
                                            now.wall,
                                            "about to leave",
                                            true});
            return;
        }
        send(box, pending, now);
        ++used;
    }
}

void Dispatcher::send(Mailbox& box, Pending& pending, Moment now) {
    Command& command = pending.command;
    deadlines_.remove(command.deadline().mono, command.number);
    if (!command.reply_by) {
        command.reply_by = later(now, command.content.timeout);
    }
    deadlines_.set(command.reply_by->mono, command.number, command.key.device);
    pending.sent_to = *box.session;
    set_stage(pending, Stage::sending);
    effects_.emplace_back(SendFrame{
        *box.session,
        command.key.device,
        {command.key.id,
         command.content.command,
         command.content.args,
         now.wall,
         command.reply_by->wall,
         std::chrono::duration_cast<std::chrono::milliseconds>(command.reply_by->mono - now.mono),
         command.attempts + 1},
    });
}

void Dispatcher::end(Pending& pending, Ending ending, Moment now) {
    Command& command = pending.command;
    deadlines_.remove(command.deadline().mono, command.number);
    set_stage(pending, Stage::ending);
    command.state = ending.state;
    pending.ended_by_reply = ending.by_reply;
    std::optional<Duration> reply_after;
    if (ending.by_reply && pending.sent_at) {
        reply_after = now.mono - pending.sent_at->mono;
    }
    effects_.emplace_back(StoreFinished{
        command.content,
        proto::Terminal{command.key.id,
                        command.key.device,
                        command.content.command,
                        ending.state,
                        std::move(ending.status),
                        std::move(ending.data),
                        now.wall,
                        settings_.node,
                        command.attempts,
                        latency(command, now),
                        std::move(ending.error)},
        ending.by_reply,
        command.reply_to,
        command.traceparent,
        reply_after,
    });
}

void Dispatcher::end_overdue(Pending& pending, Moment now) {
    if (pending.command.reply_by) {
        end(pending,
            {CommandState::timed_out,
             {},
             {},
             proto::ErrorDetail{"timed_out", "no reply within timeout_s of the first sending"}},
            now);
    } else {
        end(pending,
            {CommandState::expired,
             {},
             {},
             proto::ErrorDetail{"expired", "could not be sent within ttl_s"}},
            now);
    }
}

void Dispatcher::end_unknown(Pending& pending, Moment now) {
    end(pending,
        {CommandState::failed,
         {},
         {},
         proto::ErrorDetail{"outcome_unknown",
                            "session lost after sending; delivery is at_most_once"}},
        now);
}

void Dispatcher::set_stage(Pending& pending, Stage stage) {
    waiting_ += occupies_queue(stage) ? 1U : 0U;
    waiting_ -= occupies_queue(pending.stage) ? 1U : 0U;
    pending.stage = stage;
}

// ---- results ----

void Dispatcher::mark(Pending& pending, CommandState state, Moment now, std::string detail) {
    const Command& command = pending.command;
    pending.step = step_after(pending.step, now.wall);
    std::optional<proto::WallTime> reply_by;
    if (command.reply_by) {
        reply_by = command.reply_by->wall;
    }
    effects_.emplace_back(StoreMark{
        command.key, state, command.attempts, reply_by, now.wall, std::move(detail), false});
}

void Dispatcher::tell(Pending& pending, CommandState state, Moment now, std::string detail) {
    const Command& command = pending.command;
    mark(pending, state, now, std::move(detail));
    effects_.emplace_back(PublishStatus{
        {command.key.id,
         command.key.device,
         std::string(proto::word(state)),
         command.attempts,
         now.wall,
         settings_.node,
         std::nullopt,
         std::nullopt,
         pending.step},
        false,
        states_to(command),
        command.traceparent,
    });
}

void Dispatcher::tell_accepted(const Pending& pending,
                               const std::optional<ReplyTo>& also,
                               Moment now) {
    const Command& command = pending.command;
    effects_.emplace_back(PublishStatus{
        {command.key.id,
         command.key.device,
         std::string(proto::word(CommandState::accepted)),
         command.attempts,
         now.wall,
         settings_.node,
         std::nullopt,
         std::nullopt,
         step_after(0, command.accepted_at.wall)},
        true,
        also,
        command.traceparent,
    });
}

void Dispatcher::reject(const Submission& submission, Rejection code, std::string message) {
    effects_.emplace_back(PublishRejection{submission.request.id,
                                           submission.device,
                                           code,
                                           std::move(message),
                                           submission.reply_to,
                                           submission.fallback_id});
}

void Dispatcher::drop_if_idle(const proto::DeviceId& device) {
    const auto it = boxes_.find(device);
    if (it != boxes_.end() && it->second.commands.empty() && !it->second.session) {
        boxes_.erase(it);
    }
}

std::vector<Effect> Dispatcher::take_effects() {
    return std::exchange(effects_, {});
}

}  // namespace dm::core
