#include "device-mgmt/relay/intake.hpp"

#include "protocol/operator_messages.hpp"

#include <utility>

namespace dm::relay {

namespace {

using proto::Rejection;

constexpr std::string_view kTraceparent = "traceparent";
constexpr std::string_view kOperator = "operator";

std::optional<std::string> user_property(const store::IngressRecord& message,
                                         std::string_view name) {
    for (const auto& [key, value] : message.user_properties) {
        if (key == name && value.size() <= kMaxUserPropertyBytes) {
            return value;
        }
    }
    return std::nullopt;
}

/// Where answers may go, and what is wrong with where they were asked to go.
struct Answers {
    core::ReplyTo reply_to;
    std::optional<std::string> bad_topic;
    bool correlation_too_long = false;
};

Answers answers_of(const store::IngressRecord& message,
                   const proto::Topics& topics,
                   std::string_view allowed) {
    Answers answers;
    if (message.response_topic) {
        if (auto checked = topics.check_response_topic(*message.response_topic, allowed)) {
            answers.reply_to.topic = message.response_topic;
        } else {
            answers.bad_topic = std::move(checked.error().message);
        }
    }
    if (message.correlation) {
        answers.correlation_too_long = message.correlation->size() > proto::kMaxCorrelationBytes;
        if (!answers.correlation_too_long) {
            answers.reply_to.correlation = message.correlation;
        }
    }
    return answers;
}

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

Intake take_command(const store::IngressRecord& message, proto::DeviceId device, Answers answers) {
    auto request = proto::parse_command_request(message.payload);
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
                                user_property(message, kTraceparent),
                                user_property(message, kOperator),
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
    Answers answers = answers_of(message, topics, allowed);
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
        return take_command(message, std::move(*device), std::move(answers));
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
