// What the relay does at once or not at all: queries, broadcasts, streams, and closing a session.

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"
#include "protocol/broadcast_answer.hpp"
#include "protocol/query_answer.hpp"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>

namespace dm::relay {

void Relay::take(const broker::InboundMessage& message) {
    TransientInput input = take_in_transient(
        message, publications_.topics(), settings_.response_topics, uuids_.next(clock_().wall));
    if (const auto* question = std::get_if<Question>(&input)) {
        metrics_.broker_message("query");
        queries_.ask(*question);
    } else if (auto* group_message = std::get_if<GroupMessage>(&input)) {
        metrics_.broker_message("broadcast");
        broadcast(*group_message);
    } else if (auto* command = std::get_if<core::CommandBroadcast>(&input)) {
        metrics_.broker_message("broadcast");
        broadcast(std::move(*command));
    } else if (auto* stream = std::get_if<StreamInput>(&input)) {
        metrics_.broker_message("stream");
        publish_to_readers(*stream);
    } else if (const auto* wanted = std::get_if<Kick>(&input)) {
        metrics_.broker_message("kick");
        kick(*wanted);
    } else if (const auto* word = std::get_if<NodeWord>(&input)) {
        metrics_.broker_message("node");
        take(*word);
    } else if (const auto* refused = std::get_if<RefusedInput>(&input)) {
        metrics_.broker_message("refused");
        refuse(*refused);
    } else if (const auto* ignored = std::get_if<IgnoredInput>(&input)) {
        metrics_.broker_message(ignored->why);
        log::warn("publish_ignored", {{"topic", message.topic}, {"why", ignored->why}});
    }
}

void Relay::kick(const Kick& kick) {
    const proto::AnswerWriter writer(settings_.node, clock_().wall);
    const core::DirectoryEntry* entry = directory_.find(kick.device);
    std::string answer;
    if (entry != nullptr && entry->epoch == kick.epoch) {
        log::info("session_kicked", {{"device", kick.device.str()}, {"epoch", kick.epoch}});
        post_order_(
            {entry->session, core::CloseSession{proto::CloseCode::session_refresh, std::nullopt}});
        answer = writer.kicked(kick.device);
    } else {
        answer = writer.failure(
            "kick", {proto::QueryError::not_found, "epoch: the device has no such session here"});
    }
    if (!outbox_.put_expendable(Publications::answer(std::move(answer), kick.reply_to, "answer"))) {
        metrics_.broker_dropped("answer");
    }
}

// ---- broadcasts ----

std::vector<proto::DeviceId> Relay::connected(const proto::Name& group) const {
    std::vector<proto::DeviceId> devices = groups_.members(group);
    if (group.str() == core::kEveryone) {
        devices.reserve(directory_.entries().size());
        for (const auto& [device, entry] : directory_.entries()) {
            devices.push_back(device);
        }
    }
    return devices;
}

void Relay::refuse_broadcast(const std::optional<std::string>& id,
                             proto::Rejection code,
                             std::string message,
                             const core::ReplyTo& reply_to) {
    refuse({id, std::nullopt, code, std::move(message), reply_to, uuids_.next(clock_().wall)});
}

void Relay::broadcast(GroupMessage& message) {
    if (!groups_.knows(message.group)) {
        refuse_broadcast(std::nullopt,
                         proto::Rejection::unknown_group,
                         "no device of this group is connected to this node",
                         message.reply_to);
        return;
    }
    std::vector<core::SessionRef> sessions;
    for (const proto::DeviceId& device : connected(message.group)) {
        if (const core::DirectoryEntry* entry = directory_.find(device)) {
            sessions.push_back(entry->session);
        }
    }
    if (!fan_out_.send(message.group, std::move(message.data), message.reply_to, sessions)) {
        refuse_broadcast(std::nullopt,
                         proto::Rejection::busy,
                         "too many broadcasts are under way on this node",
                         message.reply_to);
    }
}

void Relay::broadcast(core::CommandBroadcast broadcast) {
    const auto refuse_it = [&](proto::Rejection code, std::string message) {
        refuse_broadcast(broadcast.id, code, std::move(message), broadcast.reply_to);
    };
    if (!groups_.knows(broadcast.group)) {
        refuse_it(proto::Rejection::unknown_group,
                  "no device of this group is connected to this node");
        return;
    }
    broadcast.devices = connected(broadcast.group);
    std::sort(broadcast.devices.begin(), broadcast.devices.end());
    if (broadcast.request.args.size() * broadcast.devices.size() > core::kMaxBroadcastBytes) {
        refuse_it(proto::Rejection::too_large,
                  "args: " + std::to_string(broadcast.request.args.size()) + " bytes for " +
                      std::to_string(broadcast.devices.size()) + " devices are more than 256 MiB");
        return;
    }
    proto::BroadcastAddressed addressed{broadcast.id,
                                        broadcast.group,
                                        settings_.node,
                                        clock_().wall,
                                        broadcast.devices.size(),
                                        1,
                                        1,
                                        broadcast.devices};
    const core::ReplyTo reply_to = broadcast.reply_to;
    if (!broadcasts_.begin(std::move(broadcast))) {
        refuse_broadcast(addressed.id,
                         proto::Rejection::busy,
                         "too many broadcasts are under way on this node",
                         reply_to);
        return;
    }
    log::info("broadcast",
              {{"command_id", addressed.id},
               {"group", addressed.group.str()},
               {"devices", addressed.addressed}});
    tell_addressed(std::move(addressed), reply_to);
    continue_broadcasts();
}

void Relay::tell_addressed(proto::BroadcastAddressed all, const core::ReplyTo& reply_to) {
    const std::vector<proto::DeviceId> devices = std::exchange(all.devices, {});
    all.parts = std::max<std::size_t>(
        1, (devices.size() + proto::kMaxDevicesPerPart - 1) / proto::kMaxDevicesPerPart);
    auto next = devices.begin();
    for (all.part = 1; all.part <= all.parts; ++all.part) {
        const auto left = devices.end() - next;
        const auto end = next + std::min<std::ptrdiff_t>(left, proto::kMaxDevicesPerPart);
        all.devices.assign(next, end);
        next = end;
        answer_broadcast(proto::to_json(all), reply_to);
    }
}

void Relay::answer_broadcast(std::string payload, const core::ReplyTo& reply_to) {
    if (reply_to.topic) {
        outbox_.put({Publications::answer(std::move(payload), reply_to, "broadcast"), {}});
    }
}

void Relay::continue_broadcasts() {
    for (const core::FinishedBroadcast& finished : broadcasts_.take_finished()) {
        answer_broadcast(
            proto::to_json(proto::BroadcastAccepted{finished.id,
                                                    finished.group,
                                                    settings_.node,
                                                    clock_().wall,
                                                    finished.addressed,
                                                    finished.addressed - finished.rejected,
                                                    finished.rejected}),
            finished.reply_to);
    }
    if (!slice_posted_ && broadcasts_.has_slice() && store_.writable()) {
        slice_posted_ = true;
        asio::post(loop_.io(), [this] {
            slice_posted_ = false;
            for (core::Submission& submission : broadcasts_.take_slice()) {
                submit_of_broadcast(std::move(submission));
            }
            continue_broadcasts();
        });
    }
}

void Relay::submit_of_broadcast(core::Submission submission) {
    core::CommandKey key{submission.device, *submission.request.id};
    store_.find_finished(
        key, [this, key, submission = std::move(submission)](const auto& finished) {
            core::Submission decided = submission;
            decide(decided, finished);
            const bool storing = dispatcher_.is_storing(key);
            if (!storing) {
                broadcasts_.stored(
                    key);  // it was there before; or rejected, then this does nothing
            }
            continue_broadcasts();
        });
}

// ---- streams ----

void Relay::publish_to_readers(StreamInput& input) {
    if (!input.user) {
        fan_out_.send("public." + input.stream.str(),
                      std::move(input.data),
                      subscriptions_.readers(input.stream));
    } else if (const auto reader = subscriptions_.reader(*input.user, input.stream)) {
        fan_out_.send("private." + input.stream.str(), std::move(input.data), {*reader});
    }
}

void Relay::subscribe(const core::Report& report, const proto::Subscribe& wanted) {
    using Added = core::Subscriptions::Added;
    for (const proto::StreamName& stream : wanted.streams) {
        const Added added = subscriptions_.add(report.device, report.from, stream);
        if (added == Added::ok) {
            continue;
        }
        const std::string bound = added == Added::session_full
                                      ? std::to_string(core::kMaxSubscriptionsPerSession) +
                                            " subscriptions of this session"
                                      : std::string("this node's subscriptions");
        post_order_({report.from,
                     core::RefuseFrame{{proto::FrameError::not_allowed,
                                        "streams: " + stream.name.str() + " is beyond the " + bound,
                                        std::nullopt}}});
        return;
    }
}

void Relay::unsubscribe(const core::Report& report, const proto::Unsubscribe& unwanted) {
    for (const proto::StreamName& stream : unwanted.streams) {
        subscriptions_.remove(report.device, report.from, stream);
    }
}

}  // namespace dm::relay
