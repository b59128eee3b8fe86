// What the dispatcher wants done.

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace dm::relay {

namespace {

/// Messages not acknowledged, below which states are published as they come.
constexpr std::size_t kCalmOutbox = 64;

/// A device waits for its frame, nobody for a state. Beside an end the order stays: the end removes
/// the states of its command that wait.
void put_publishes_last(std::vector<core::Effect>& effects) {
    const auto is_end = [](const core::Effect& effect) {
        return std::holds_alternative<core::StoreFinished>(effect);
    };
    if (std::none_of(effects.begin(), effects.end(), is_end)) {
        std::stable_partition(effects.begin(), effects.end(), [](const core::Effect& effect) {
            return !std::holds_alternative<core::PublishStatus>(effect);
        });
    }
}

}  // namespace

void Relay::carry_out_effects() {
    std::vector<core::Effect> effects = dispatcher_.take_effects();
    put_publishes_last(effects);
    const broker::Held held(broker_);
    for (core::Effect& effect : effects) {
        std::visit([this](auto& what) { carry_out(what); }, effect);
    }
    expect_unhurried();
    arm_deadline();
}

void Relay::carry_out(core::StoreAccepted& effect) {
    store_.accept(effect.command,
                  [this, key = effect.command.key, begun = effect.command.accepted_at.mono] {
                      const core::Moment now = clock_();
                      metrics_.store_commit(now.mono - begun);
                      metrics_.command_stage("accept", now.mono - begun);
                      metrics_.command("accepted");
                      dispatcher_.stored(key, now);
                      carry_out_effects();
                      broadcasts_.stored(key);
                      continue_broadcasts();
                      inlet_.pump();
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
    metrics_.states_coalesced(states_.ended(key));
    const std::uint64_t number = outbox_.next_number();
    store::OutboxRow row = to_row(publication, number, key);
    store_.finish(std::move(finished),
                  std::move(row),
                  [this, number, key = std::move(key), publication = std::move(publication)] {
                      outbox_.put_stored(number, publication);
                      dispatcher_.stored_end(key);
                      carry_out_effects();
                  });
}

void Relay::carry_out(core::StoreMark& effect) {
    store::CommandStore::Done done;
    if (effect.awaited) {
        done = [this, key = effect.key] {
            dispatcher_.marked(key, clock_());
            carry_out_effects();
        };
    }
    store_.mark({std::move(effect.key),
                 effect.state,
                 effect.attempts,
                 effect.reply_by,
                 effect.at,
                 std::move(effect.detail)},
                std::move(done));
}

void Relay::carry_out(core::SendFrame& effect) {
    ++unconfirmed_;
    post_order_({effect.to, core::SendCommand{std::move(effect.device), std::move(effect.frame)}});
}

void Relay::carry_out(core::AckReply& effect) {
    post_order_({effect.to, core::AcknowledgeReply{std::move(effect.ack)}});
}

void Relay::carry_out(core::PublishStatus& effect) {
    if (!effect.durable) {
        publish_state(effect);
        return;
    }
    outbox_.put({publications_.status(effect), std::nullopt});
    if (effect.also && effect.also->topic) {
        outbox_.put({publications_.state_to(effect, *effect.also), std::nullopt});
    }
}

void Relay::carry_out(core::PublishRejection& effect) {
    if (effect.id) {
        broadcasts_.rejected({effect.device, *effect.id});
    }
    refuse({std::move(effect.id),
            std::move(effect.device),
            effect.code,
            std::move(effect.message),
            std::move(effect.reply_to),
            std::move(effect.message_id)});
}

void Relay::carry_out(core::RepeatTerminal& effect) {
    tell(publications_.terminal(effect.finished, effect.reply_to), effect.finished.key);
}

void Relay::tell(Publication publication, std::optional<core::CommandKey> key) {
    const std::uint64_t number = outbox_.next_number();
    store::OutboxRow row = to_row(publication, number, std::move(key));
    store_.put_outbox(std::move(row), [this, number, publication = std::move(publication)] {
        outbox_.put_stored(number, publication);
    });
}

void Relay::publish_state(const core::PublishStatus& status) {
    metrics_.command(status.status.state);
    StatusQueue::Messages messages;
    messages.push_back(publications_.status(status));
    if (status.also && status.also->topic) {
        messages.push_back(publications_.state_to(status, *status.also));
    }
    const core::CommandKey key{status.status.device, status.status.id};
    if (!states_.has_room(key)) {
        metrics_.broker_dropped("status");
        return;
    }
    const auto pace = status.status.state == proto::word(proto::CommandState::queued)
                          ? StatusQueue::Pace::kept
                          : StatusQueue::Pace::free;
    metrics_.states_coalesced(states_.put(key, std::move(messages), pace, clock_().mono));
    if (status.also && status.also->topic) {
        publish_due_states();  // asked for one by one
    }
}

void Relay::publish_due_states() {
    const core::Instant now = clock_().mono;
    for (;;) {
        StatusQueue::Messages messages = states_.take(now, outbox_.size() < kCalmOutbox);
        if (messages.empty()) {
            return;
        }
        for (broker::OutboundMessage& message : messages) {
            publish_expendable(std::move(message), "status");
        }
    }
}

void Relay::publish_expendable(broker::OutboundMessage message, std::string_view kind) {
    if (outbox_.size() >= Outbox::kMaxExpendable || !broker_.publish(std::move(message), 0)) {
        metrics_.broker_dropped(kind);
    }
}

}  // namespace dm::relay
