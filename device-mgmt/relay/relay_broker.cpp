// The relay's side towards the broker: what comes in.

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"

#include <memory>
#include <utility>

namespace dm::relay {

void Relay::take(Arrival& arrival) {
    if (arrival.at) {
        metrics_.command_stage("intake", clock_().mono - *arrival.at);
    }
    Intake intake = take_in(arrival.record, publications_.topics(), settings_.response_topics);
    if (auto* submission = std::get_if<core::Submission>(&intake)) {
        metrics_.broker_message("command");
        submit(std::move(*submission), arrival.lsn);
        return;
    }
    if (const auto* wanted = std::get_if<Cancel>(&intake)) {
        metrics_.broker_message("cancel");
        ownership_.route(wanted->key.device,
                         [this, wanted = *wanted, lsn = arrival.lsn](auto& other) {
                             inlet_.decide(lsn, [this, wanted, other] {
                                 other ? hand_over(*other, wanted) : cancel(wanted);
                             });
                         });
        return;
    }
    if (const auto* refused = std::get_if<RefusedInput>(&intake)) {
        metrics_.broker_message("refused");
        inlet_.decide(arrival.lsn, [this, refused = *refused] { refuse(refused); });
        return;
    }
    if (const auto* ignored = std::get_if<IgnoredInput>(&intake)) {
        metrics_.broker_message(ignored->why);
        log::warn("publish_ignored", {{"topic", arrival.record.topic}, {"why", ignored->why}});
    }
    inlet_.decide(arrival.lsn, [] {});
}

void Relay::take(const BrokerEvent& event) {
    if (const auto* published = std::get_if<Published>(&event)) {
        outbox_.published(published->ticket, published->result, clock_().mono);
    } else if (const auto* connected = std::get_if<Connected>(&event)) {
        metrics_.set_broker_connected(true);
        health_.broker_connected.store(true, std::memory_order_relaxed);
        announce(state_);
        // Whether or not it has our session: one that was killed comes back as it was last saved,
        // without what it has acknowledged or retained since.
        if (ownership_.trusted()) {
            tell_presence();
        }
        outbox_.distrust_broker();
        outbox_.retry();
        log::info("broker_connected",
                  {{"session_present", connected->session_present},
                   {"doubted_messages", outbox_.doubted()}});
    } else if (const auto* disconnected = std::get_if<Disconnected>(&event)) {
        log::warn("broker_disconnected", {{"reason", disconnected->reason}});
        metrics_.set_broker_connected(false);
        health_.broker_connected.store(false, std::memory_order_relaxed);
    }
}

void Relay::tell_presence() {
    for (const auto& [device, entry] : directory_.entries()) {
        outbox_.put_retained(publications_.online(device, entry));
    }
}

void Relay::look_up(const std::shared_ptr<core::Submission>& submission, LookedUp looked_up) {
    const auto& id = submission->request.id;
    core::CommandKey key{submission->device, id ? *id : submission->fallback_id};
    const auto elsewhere = std::make_shared<std::optional<std::string>>();
    // All at once: answers come in the order of the calls, so this one never waits for its turn to
    // be decided while what was found grows old.
    ownership_.route(submission->device, [elsewhere](const auto& node) { *elsewhere = node; });
    if (const auto& after = submission->request.after;
        after && !dispatcher_.holds({submission->device, *after})) {
        store_.find_finished({submission->device, *after}, [submission](const auto& found) {
            submission->after_known = found.has_value();
        });
    }
    store_.find_finished(key, [elsewhere, looked_up = std::move(looked_up)](const auto& finished) {
        looked_up(*elsewhere, finished);
    });
}

void Relay::submit(core::Submission submitted, store::Lsn lsn) {
    const auto submission = std::make_shared<core::Submission>(std::move(submitted));
    look_up(submission, [this, submission, lsn](const auto& elsewhere, const auto& finished) {
        inlet_.decide(lsn, [this, submission, elsewhere, finished] {
            if (elsewhere) {
                hand_over(*elsewhere, *submission);
            } else {
                decide(*submission, finished);
            }
        });
        inlet_.pump();
    });
}

void Relay::decide(core::Submission& submission,
                   const std::optional<core::FinishedCommand>& finished,
                   Patience patience) {
    if (!ownership_.owns(submission.device)) {  // not any more
        reroute(std::move(submission), patience);
        return;
    }
    const auto& after = submission.request.after;
    if (patience == Patience::some && ownership_.is_shared() && after && !submission.after_known &&
        !dispatcher_.holds({submission.device, *after}) &&
        followers_.wait(submission, clock_().mono)) {
        return;
    }
    dispatcher_.submit(submission, finished, clock_());
    carry_out_effects();
    if (ownership_.is_shared() && submission.request.id) {
        for (core::Submission& follower :
             followers_.take({submission.device, *submission.request.id})) {
            reroute(std::move(follower));
        }
    }
}

void Relay::cancel(const Cancel& cancel) {
    using Result = core::Dispatcher::CancelResult;
    const auto result = dispatcher_.cancel(cancel.key, clock_());
    if (result != Result::cancelled) {
        const bool sent = result == Result::already_sent;
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
                    cancel.reply_to,
                    cancel.message_id});
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
    tell(publications_.rejection(refused, now.wall), std::nullopt);
}

}  // namespace dm::relay
