#include "device-mgmt/relay/transient_intake.hpp"

#include "device-mgmt/relay/reply_address.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/operator_messages.hpp"

#include <utility>

namespace dm::relay {

namespace {

using proto::InputKind;
using proto::Rejection;

constexpr std::string_view kLongCorrelation = "Correlation Data: more than 1024 bytes";

TransientInput take_question(const broker::InboundMessage& message,
                             ReplyAddress address,
                             std::string fallback_id) {
    if (address.bad_topic) {
        return RefusedInput{std::nullopt,
                            std::nullopt,
                            Rejection::bad_response_topic,
                            std::move(*address.bad_topic),
                            std::move(address.reply_to),
                            std::move(fallback_id)};
    }
    if (!address.reply_to.topic) {
        return IgnoredInput{"unanswerable"};
    }
    if (address.correlation_too_long) {
        return Question{tl::unexpected(proto::QueryFailure{proto::QueryError::bad_request,
                                                           std::string(kLongCorrelation)}),
                        std::move(address.reply_to)};
    }
    return Question{proto::parse_query(message.payload), std::move(address.reply_to)};
}

/// What is wrong with a broadcast besides its payload.
std::optional<std::pair<Rejection, std::string>> problem_of(
    const tl::expected<proto::Name, proto::IdProblem>& group,
    const proto::BroadcastRequest& request,
    const ReplyAddress& address) {
    if (!group) {
        return {{Rejection::bad_request, "group: " + std::string(proto::what(group.error()))}};
    }
    if (address.bad_topic) {
        return {{Rejection::bad_response_topic, *address.bad_topic}};
    }
    if (address.correlation_too_long) {
        return {{Rejection::bad_request, std::string(kLongCorrelation)}};
    }
    const auto* command = std::get_if<proto::CommandRequest>(&request);
    if (command != nullptr && command->after) {
        return {{Rejection::bad_request, "after: not in a broadcast"}};
    }
    return std::nullopt;
}

TransientInput take_broadcast(const broker::InboundMessage& message,
                              std::string_view target,
                              ReplyAddress address,
                              std::string fallback_id) {
    auto request = proto::parse_broadcast(message.payload);
    if (!request) {
        return RefusedInput{std::move(request.error().id),
                            std::nullopt,
                            request.error().code,
                            std::move(request.error().message),
                            std::move(address.reply_to),
                            std::move(fallback_id)};
    }
    const auto group = proto::Name::parse(target);
    auto* command = std::get_if<proto::CommandRequest>(&*request);
    if (auto problem = problem_of(group, *request, address)) {
        return RefusedInput{command != nullptr ? command->id : std::nullopt,
                            std::nullopt,
                            problem->first,
                            std::move(problem->second),
                            std::move(address.reply_to),
                            std::move(fallback_id)};
    }
    if (command == nullptr) {
        if (message.duplicate) {
            return IgnoredInput{"duplicate"};  // at most once
        }
        return GroupMessage{*group,
                            std::move(std::get<proto::BroadcastData>(*request).data),
                            std::move(address.reply_to)};
    }
    return core::CommandBroadcast{command->id.value_or(fallback_id),
                                  *group,
                                  std::move(*command),
                                  std::move(address.reply_to),
                                  user_property(message.user_properties, "traceparent"),
                                  user_property(message.user_properties, "operator"),
                                  {}};
}

TransientInput take_stream(const broker::InboundMessage& message, const proto::InputTopic& topic) {
    const auto stream = proto::Name::parse(topic.target);
    auto data = proto::parse_stream_message(message.payload);
    std::optional<proto::DeviceId> user;
    if (topic.kind == InputKind::private_stream) {
        if (auto parsed = proto::DeviceId::parse(topic.user)) {
            user = *std::move(parsed);
        }
    }
    if (!stream || !data || (topic.kind == InputKind::private_stream && !user)) {
        return IgnoredInput{"unreadable"};
    }
    return StreamInput{std::move(user), *stream, *std::move(data)};
}

/// Without somebody to answer it is ignored, like a question; so is what no one of us has sent.
TransientInput take_kick(const broker::InboundMessage& message, ReplyAddress address) {
    auto fields = proto::read_object(message.payload);
    if (!fields || !address.reply_to.topic || address.correlation_too_long) {
        return IgnoredInput{fields ? "unanswerable" : "unreadable"};
    }
    proto::FieldReader in(*std::move(fields));
    const auto device = in.device("device");
    const std::uint64_t epoch = in.natural("epoch", 0, UINT64_MAX);
    if (in.problem()) {
        return IgnoredInput{"unreadable"};
    }
    return Kick{*device, epoch, std::move(address.reply_to)};
}

TransientInput take_node_word(const broker::InboundMessage& message, InputKind kind) {
    auto fields = proto::read_object(message.payload);
    if (!fields) {
        return IgnoredInput{"unreadable"};
    }
    proto::FieldReader in(*std::move(fields));
    const auto device = in.device("device");
    const std::uint64_t epoch = in.natural("epoch", 0, UINT64_MAX);
    const auto node = proto::Name::parse(in.text("node", proto::Name::kMaxLength));
    if (in.problem() || !node) {
        return IgnoredInput{"unreadable"};
    }
    return NodeWord{kind == InputKind::taken, *device, epoch, node->str()};
}

}  // namespace

bool is_transient(InputKind kind) {
    return kind != InputKind::command && kind != InputKind::cancel;
}

TransientInput take_in_transient(const broker::InboundMessage& message,
                                 const proto::Topics& topics,
                                 std::string_view allowed,
                                 std::string fallback_id) {
    const auto topic = topics.parse_input(message.topic);
    if (!topic || !is_transient(topic->kind)) {
        return IgnoredInput{"other_topic"};
    }
    if (message.retained) {
        return IgnoredInput{"retained"};
    }
    if (topic->kind == InputKind::public_stream || topic->kind == InputKind::private_stream) {
        return take_stream(message, *topic);
    }
    if (topic->kind == InputKind::taken || topic->kind == InputKind::released) {
        return take_node_word(message, topic->kind);
    }
    ReplyAddress address =
        reply_address(message.response_topic, message.correlation, topics, allowed);
    if (topic->kind == InputKind::kick) {
        return take_kick(message, std::move(address));
    }
    return topic->kind == InputKind::query
               ? take_question(message, std::move(address), std::move(fallback_id))
               : take_broadcast(message, topic->target, std::move(address), std::move(fallback_id));
}

}  // namespace dm::relay
