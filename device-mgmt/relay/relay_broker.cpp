// The relay's side towards the broker: what comes in.

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"

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
        // By way of the store, as commands go: it must not overtake the one it is about.
        store_.find_finished(wanted->key, [this, wanted = *wanted, lsn = arrival.lsn](const auto&) {
            cancel(wanted, lsn);
        });
        return;
    }
    if (const auto* refused = std::get_if<RefusedInput>(&intake)) {
        metrics_.broker_message("refused");
        refuse(*refused);
    } else if (const auto* ignored = std::get_if<IgnoredInput>(&intake)) {
        metrics_.broker_message(ignored->why);
        log::warn("publish_ignored", {{"topic", arrival.record.topic}, {"why", ignored->why}});
    }
    inlet_.done(arrival.lsn);
}

void Relay::take(const BrokerEvent& event) {
    if (const auto* published = std::get_if<Published>(&event)) {
        outbox_.published(published->ticket, published->result, clock_().mono);
    } else if (const auto* connected = std::get_if<Connected>(&event)) {
        log::info("broker_connected", {{"session_present", connected->session_present}});
        metrics_.set_broker_connected(true);
        health_.broker_connected.store(true, std::memory_order_relaxed);
        announce(state_);
        // Whether or not it has our session: one that was killed comes back as it was last saved,
        // without what it has acknowledged or retained since.
        for (const auto& [device, entry] : directory_.entries()) {
            outbox_.put_retained(publications_.online(device, entry));
        }
        outbox_.distrust_broker();
        outbox_.retry();
    } else if (const auto* disconnected = std::get_if<Disconnected>(&event)) {
        log::warn("broker_disconnected", {{"reason", disconnected->reason}});
        metrics_.set_broker_connected(false);
        health_.broker_connected.store(false, std::memory_order_relaxed);
    }
}

void Relay::submit(core::Submission submission, store::Lsn lsn) {
    const auto& after = submission.request.after;
    if (after && !dispatcher_.holds({submission.device, *after})) {
        core::CommandKey key{submission.device, *after};
        store_.find_finished(key,
                             [this, submission = std::move(submission), lsn](const auto& found) {
                                 core::Submission known = submission;
                                 known.after_known = found.has_value();
                                 look_up_and_submit(std::move(known), lsn);
                             });
        return;
    }
    look_up_and_submit(std::move(submission), lsn);
}

void Relay::look_up_and_submit(core::Submission submission, store::Lsn lsn) {
    const auto& id = submission.request.id;
    core::CommandKey key{submission.device, id ? *id : submission.fallback_id};
    store_.find_finished(key,
                         [this, submission = std::move(submission), lsn](const auto& finished) {
                             dispatcher_.submit(submission, finished, clock_());
                             carry_out_effects();
                             inlet_.done(lsn);
                             inlet_.pump();
                         });
}

void Relay::cancel(const Cancel& cancel, store::Lsn lsn) {
    using Result = core::Dispatcher::CancelResult;
    const auto result = dispatcher_.cancel(cancel.key, clock_());
    if (result == Result::deferred) {
        deferred_cancels_[cancel.key].push_back(lsn);
        return;
    }
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
    inlet_.done(lsn);
    inlet_.pump();
}

std::vector<store::Lsn> Relay::take_deferred_cancels(const core::CommandKey& key) {
    auto node = deferred_cancels_.extract(key);
    return node.empty() ? std::vector<store::Lsn>{} : std::move(node.mapped());
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
