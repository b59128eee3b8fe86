#include "device-mgmt/relay/publications.hpp"

#include "protocol/json_writer.hpp"

namespace dm::relay {

namespace {

broker::OutboundMessage make(std::string topic, std::string payload, int qos, bool retain = false) {
    broker::OutboundMessage message;
    message.topic = std::move(topic);
    message.payload = std::move(payload);
    message.qos = qos;
    message.retain = retain;
    return message;
}

/// To the Response Topic if there is one, with the reply topic as the way out should the broker
/// refuse it.
Publication answer_or_reply(std::string payload,
                            const core::ReplyTo& reply_to,
                            std::string reply_topic) {
    Publication publication;
    if (reply_to.topic) {
        publication.message = make(*reply_to.topic, std::move(payload), 1);
        publication.fallback_topic = std::move(reply_topic);
    } else {
        publication.message = make(std::move(reply_topic), std::move(payload), 1);
    }
    publication.message.correlation = reply_to.correlation;
    return publication;
}

Publication between_nodes(std::string topic, std::string payload, const core::ReplyTo& reply_to) {
    Publication publication;
    publication.message = make(std::move(topic), std::move(payload), 1);
    publication.message.correlation = reply_to.correlation;
    publication.message.response_topic = reply_to.topic;
    return publication;
}

}  // namespace

store::OutboxRow to_row(const Publication& publication,
                        std::uint64_t number,
                        std::optional<core::CommandKey> key) {
    const broker::OutboundMessage& message = publication.message;
    return {number,
            message.topic,
            message.payload,
            message.correlation,
            message.user_properties,
            publication.fallback_topic,
            std::move(key)};
}

Publication to_publication(store::OutboxRow row) {
    Publication publication;
    publication.message = make(std::move(row.topic), std::move(row.payload), 1);
    publication.message.correlation = std::move(row.correlation);
    publication.message.user_properties = std::move(row.user_properties);
    publication.fallback_topic = std::move(row.fallback_topic);
    return publication;
}

Publication Publications::terminal(const core::FinishedCommand& finished,
                                   const core::ReplyTo& reply_to) const {
    Publication publication =
        answer_or_reply(finished.payload, reply_to, topics_.replies(finished.key.device));
    auto& properties = publication.message.user_properties;
    properties = {{"message_id", finished.message_id}, {"type", "terminal"}};
    if (finished.traceparent) {
        properties.emplace_back("traceparent", *finished.traceparent);
    }
    return publication;
}

Publication Publications::rejection(const RefusedInput& refused, proto::WallTime now) const {
    proto::RejectionMessage message{
        refused.id,
        refused.device ? std::optional(refused.device->str()) : std::nullopt,
        refused.code,
        refused.message,
        now,
        node_};
    Publication publication = answer_or_reply(
        proto::to_json(message),
        refused.reply_to,
        refused.device ? topics_.replies(*refused.device) : topics_.replies_invalid());
    publication.message.user_properties = {{"message_id", refused.message_id},
                                           {"type", "rejection"}};
    return publication;
}

broker::OutboundMessage Publications::status(const core::PublishStatus& status) const {
    auto message = make(topics_.status(status.status.device),
                        proto::to_json(status.status),
                        status.durable ? 1 : 0);
    message.user_properties = {{"type", "status"}};
    if (status.traceparent) {
        message.user_properties.emplace_back("traceparent", *status.traceparent);
    }
    return message;
}

broker::OutboundMessage Publications::state_to(const core::PublishStatus& status,
                                               const core::ReplyTo& reply_to) const {
    broker::OutboundMessage message = this->status(status);
    message.topic = *reply_to.topic;
    message.correlation = reply_to.correlation;
    return message;
}

broker::OutboundMessage Publications::answer(std::string payload,
                                             const core::ReplyTo& reply_to,
                                             std::string type) {
    auto message = make(*reply_to.topic, std::move(payload), 1);
    message.correlation = reply_to.correlation;
    message.user_properties = {{"type", std::move(type)}};
    return message;
}

broker::OutboundMessage Publications::online(const proto::DeviceId& device,
                                             const core::DirectoryEntry& entry) const {
    return make(topics_.presence(device),
                proto::to_json(proto::Presence{device,
                                               true,
                                               entry.epoch,
                                               node_,
                                               entry.since,
                                               "connected",
                                               entry.model,
                                               entry.firmware}),
                1,
                true);
}

broker::OutboundMessage Publications::offline(const proto::DeviceId& device,
                                              const core::DirectoryEntry& entry,
                                              std::string_view reason,
                                              proto::WallTime now) const {
    return make(topics_.presence(device),
                proto::to_json(proto::Presence{device,
                                               false,
                                               entry.epoch,
                                               node_,
                                               now,
                                               std::string(reason),
                                               entry.model,
                                               entry.firmware}),
                1,
                true);
}

broker::OutboundMessage Publications::telemetry(const proto::DeviceId& device,
                                                const proto::Telemetry& telemetry,
                                                proto::WallTime now) const {
    return make(topics_.telemetry(device, telemetry.channel),
                proto::to_json(device, telemetry, now, node_),
                0);
}

broker::OutboundMessage Publications::alert(const proto::DeviceId& device,
                                            const proto::Alert& alert,
                                            proto::WallTime now) const {
    return make(topics_.alerts(device), proto::to_json(device, alert, now, node_), 1);
}

Publication Publications::handed_over(const std::string& node,
                                      const core::Submission& submission) const {
    proto::CommandRequest request = submission.request;
    if (!request.id) {
        request.id = submission.fallback_id;
    }
    Publication publication =
        between_nodes(topics_.hand_over(proto::InputKind::command, node, submission.device),
                      proto::to_json(request),
                      submission.reply_to);
    auto& properties = publication.message.user_properties;
    if (submission.traceparent) {
        properties.emplace_back("traceparent", *submission.traceparent);
    }
    if (submission.operator_name) {
        properties.emplace_back("operator", *submission.operator_name);
    }
    return publication;
}

Publication Publications::handed_over(const std::string& node, const Cancel& cancel) const {
    return between_nodes(topics_.hand_over(proto::InputKind::cancel, node, cancel.key.device),
                         proto::JsonWriter().text("id", cancel.key.id).take(),
                         cancel.reply_to);
}

Publication Publications::word_to(const std::string& node, const NodeWord& word) const {
    return between_nodes(word.taken ? topics_.taken(node) : topics_.released(node),
                         proto::JsonWriter()
                             .text("device", word.device.str())
                             .number("epoch", word.epoch)
                             .text("node", word.node)
                             .take(),
                         {});
}

broker::OutboundMessage Publications::node(const proto::NodeInfo& info) const {
    const auto name = proto::Name::parse(info.node);
    return make(topics_.node(name.value()), proto::to_json(info), 1, true);
}

}  // namespace dm::relay
