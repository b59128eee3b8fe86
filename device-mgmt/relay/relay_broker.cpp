// The relay's side towards the broker: what comes in, and effects that go out.

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"

#include <utility>

namespace dm::relay {

void Relay::take(Received& received) {
    Intake intake = take_in(received.message, publications_.topics(), settings_.response_topics);
    if (auto* submission = std::get_if<core::Submission>(&intake)) {
        metrics_.broker_message("command");
        submit(std::move(*submission), received.at);
    } else if (const auto* wanted = std::get_if<Cancel>(&intake)) {
        metrics_.broker_message("cancel");
        cancel(*wanted);
    } else if (const auto* refused = std::get_if<RefusedInput>(&intake)) {
        metrics_.broker_message("refused");
        refuse(*refused);
    } else if (const auto* ignored = std::get_if<IgnoredInput>(&intake)) {
        metrics_.broker_message(ignored->why);
        log::warn("publish_ignored", {{"topic", received.message.topic}, {"why", ignored->why}});
    }
}

void Relay::take(const BrokerEvent& event) {
    if (const auto* published = std::get_if<Published>(&event)) {
        outbox_.published(published->ticket, published->result);
    } else if (const auto* connected = std::get_if<Connected>(&event)) {
        log::info("broker_connected", {{"session_present", connected->session_present}});
        metrics_.set_broker_connected(true);
        health_.broker_connected.store(true, std::memory_order_relaxed);
        announce(state_);
        if (!connected->session_present) {
            // A broker that forgot our session may have forgotten its retained messages too.
            for (const auto& [device, entry] : directory_.entries()) {
                outbox_.put_retained(publications_.online(device, entry));
            }
        }
        outbox_.retry();
    } else if (const auto* disconnected = std::get_if<Disconnected>(&event)) {
        log::warn("broker_disconnected", {{"reason", disconnected->reason}});
        metrics_.set_broker_connected(false);
        health_.broker_connected.store(false, std::memory_order_relaxed);
    }
}

void Relay::submit(core::Submission submission, core::Instant received) {
    metrics_.command_stage("intake", clock_().mono - received);
    const auto& after = submission.request.after;
    if (after && !dispatcher_.holds({submission.device, *after})) {
        core::CommandKey key{submission.device, *after};
        store_->find_finished(key, [this, submission = std::move(submission)](const auto& found) {
            core::Submission known = submission;
            known.after_known = found.has_value();
            look_up_and_submit(std::move(known));
        });
        return;
    }
    look_up_and_submit(std::move(submission));
}

void Relay::look_up_and_submit(core::Submission submission) {
    if (!submission.request.id) {
        dispatcher_.submit(submission, std::nullopt, clock_());
        carry_out_effects();
        return;
    }
    core::CommandKey key{submission.device, *submission.request.id};
    store_->find_finished(key, [this, submission = std::move(submission)](const auto& finished) {
        dispatcher_.submit(submission, finished, clock_());
        carry_out_effects();
    });
}

void Relay::cancel(const Cancel& cancel) {
    const auto result = dispatcher_.cancel(cancel.key, clock_());
    if (result != core::Dispatcher::CancelResult::cancelled) {
        const bool sent = result == core::Dispatcher::CancelResult::already_sent;
        log::info("cancel_without_effect",
                  {{"device", cancel.key.device.str()},
                   {"command_id", cancel.key.id},
                   {"why", sent ? "already sent" : "no such unfinished command"}});
        // Only to who asked: on the reply topic it would look like the command's own rejection.
        if (cancel.reply_to.topic) {
            refuse({cancel.key.id,
                    cancel.key.device,
                    proto::Rejection::bad_request,
                    sent ? "id: the command has been sent already"
                         : "id: no unfinished command of this device",
                    cancel.reply_to});
        }
    }
    carry_out_effects();
}

void Relay::refuse(const RefusedInput& refused) {
    const core::Moment now = clock_();
    metrics_.command("rejected");
    metrics_.rejection(proto::word(refused.code));
    log::info("command_rejected",
              {{"device", refused.device ? refused.device->str() : std::string("-")},
               {"command_id", refused.id.value_or("-")},
               {"code", proto::word(refused.code)},
               {"message", refused.message}});
    outbox_.put(publications_.rejection(refused, now.wall, uuids_.next(now.wall)));
}

// ---- effects ----

void Relay::carry_out_effects() {
    for (core::Effect& effect : dispatcher_.take_effects()) {
        std::visit([this](auto& what) { carry_out(what); }, effect);
    }
    arm_deadline();
}

void Relay::carry_out(core::StoreAccepted& effect) {
    store_->accept(effect.command,
                   [this, key = effect.command.key, begun = effect.command.accepted_at.mono] {
                       const core::Moment now = clock_();
                       metrics_.store_commit(now.mono - begun);
                       metrics_.command_stage("accept", now.mono - begun);
                       metrics_.command("accepted");
                       dispatcher_.stored(key, now);
                       carry_out_effects();
                   });
}

void Relay::carry_out(core::StoreFinished& effect) {
    const proto::Terminal& terminal = effect.terminal;
    metrics_.command(proto::word(terminal.state));
    metrics_.command_stage("total", terminal.latency);
    if (effect.reply_after) {
        metrics_.command_stage("reply", *effect.reply_after);
    }
    log::debug("command_finished",
               {{"device", terminal.device.str()},
                {"command_id", terminal.id},
                {"state", proto::word(terminal.state)},
                {"attempts", terminal.attempts}});
    core::FinishedCommand finished{{terminal.device, terminal.id},
                                   std::move(effect.content),
                                   terminal.state,
                                   effect.by_reply,
                                   proto::to_json(terminal),
                                   uuids_.next(terminal.time),
                                   std::move(effect.traceparent),
                                   terminal.time};
    Publication publication = publications_.terminal(finished, effect.reply_to);
    core::CommandKey key = finished.key;
    store_->finish(std::move(finished),
                   [this, key = std::move(key), publication = std::move(publication)] {
                       outbox_.put(publication);
                       dispatcher_.stored_end(key);
                       carry_out_effects();
                   });
}

void Relay::carry_out(core::SendFrame& effect) {
    post_order_({effect.to, core::SendCommand{std::move(effect.device), std::move(effect.frame)}});
}

void Relay::carry_out(core::AckReply& effect) {
    post_order_({effect.to, core::AcknowledgeReply{std::move(effect.ack)}});
}

void Relay::carry_out(core::PublishStatus& effect) {
    if (effect.durable) {
        outbox_.put({publications_.status(effect), std::nullopt});
    } else {
        metrics_.command(effect.status.state);
        publish_expendable(publications_.status(effect), "status");
    }
    if (effect.also && effect.also->topic) {
        broker::OutboundMessage also = publications_.state_to(effect, *effect.also);
        if (effect.durable) {
            outbox_.put({std::move(also), std::nullopt});
        } else {
            publish_expendable(std::move(also), "status");
        }
    }
}

void Relay::carry_out(core::PublishRejection& effect) {
    refuse({std::move(effect.id),
            std::move(effect.device),
            effect.code,
            std::move(effect.message),
            std::move(effect.reply_to)});
}

void Relay::carry_out(core::RepeatTerminal& effect) {
    outbox_.put(publications_.terminal(effect.finished, effect.reply_to));
}

void Relay::publish_expendable(broker::OutboundMessage message, std::string_view kind) {
    if (outbox_.size() >= Outbox::kMaxExpendable || !broker_.publish(std::move(message), 0)) {
        metrics_.broker_dropped(kind);
    }
}

}  // namespace dm::relay
