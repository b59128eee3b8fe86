#include "device-mgmt/relay/intake.hpp"

#include "device-mgmt/relay/reply_address.hpp"
#include "protocol/operator_messages.hpp"

#include <utility>

namespace dm::relay {

namespace {

using proto::Rejection;

constexpr std::string_view kTraceparent = "traceparent";
constexpr std::string_view kOperator = "operator";

Intake refuse_problem(proto::RequestProblem problem,
                      std::optional<proto::DeviceId> device,
                      core::ReplyTo reply_to,
                      std::string message_id) {
    if (problem.unreadable) {
        device.reset();  // contract: an unreadable payload is answered on `replies/_invalid`
    }
    return RefusedInput{std::move(problem.id),
                        std::move(device),
                        problem.code,
                        std::move(problem.message),
                        std::move(reply_to),
                        std::move(message_id)};
}

Intake take_command(const store::IngressRecord& message,
                    proto::DeviceId device,
                    ReplyAddress answers,
                    std::size_t max_bytes) {
    auto request = proto::parse_command_request(message.payload, max_bytes);
    if (!request) {
        return refuse_problem(std::move(request.error()),
                              std::move(device),
                              std::move(answers.reply_to),
                              message.fallback_id);
    }
    if (answers.bad_topic) {
        return RefusedInput{std::move(request->id),
                            std::move(device),
                            Rejection::bad_response_topic,
                            std::move(*answers.bad_topic),
                            std::move(answers.reply_to),
                            message.fallback_id};
    }
    if (answers.correlation_too_long) {
        return RefusedInput{std::move(request->id),
                            std::move(device),
                            Rejection::bad_request,
                            "Correlation Data: more than 1024 bytes",
                            std::move(answers.reply_to),
                            message.fallback_id};
    }
    core::Submission submission{std::move(device),
                                std::move(*request),
                                std::move(answers.reply_to),
                                user_property(message.user_properties, kTraceparent),
                                user_property(message.user_properties, kOperator),
                                message.fallback_id};
    return submission;
}

}  // namespace

bool is_read_by_intake(std::string_view user_property) {
    return user_property == kTraceparent || user_property == kOperator;
}

Intake take_in(const store::IngressRecord& message,
               const proto::Topics& topics,
               std::string_view allowed) {
    const auto topic = topics.parse_input(message.topic);
    if (!topic ||
        (topic->kind != proto::InputKind::command && topic->kind != proto::InputKind::cancel)) {
        return IgnoredInput{"other_topic"};
    }
    if (message.retained) {
        return IgnoredInput{"retained"};
    }
    ReplyAddress answers =
        reply_address(message.response_topic, message.correlation, topics, allowed);
    auto device = proto::DeviceId::parse(topic->target);
    if (!device) {
        return RefusedInput{std::nullopt,
                            std::nullopt,
                            Rejection::bad_request,
                            "device: " + std::string(proto::what(device.error())),
                            std::move(answers.reply_to),
                            message.fallback_id};
    }
    if (topic->kind == proto::InputKind::command) {
        return take_command(
            message,
            std::move(*device),
            std::move(answers),
            topic->handed_over ? proto::kMaxHandedOverBytes : proto::kMaxOperatorPayloadBytes);
    }
    auto id = proto::parse_cancel(message.payload);
    if (!id) {
        return refuse_problem(std::move(id.error()),
                              std::move(*device),
                              std::move(answers.reply_to),
                              message.fallback_id);
    }
    return Cancel{
        {std::move(*device), std::move(*id)}, std::move(answers.reply_to), message.fallback_id};
}

}  // namespace dm::relay
