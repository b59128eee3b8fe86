#include "control/queries/queries.hpp"

#include "control/sse/event_id.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace dm::control {

namespace {

tl::expected<QueryResult, QueryProblem> read_answer(const std::string& payload) {
    const auto fields = proto::read_object(payload);
    if (!fields) {
        return tl::unexpected(QueryProblem{"bad_answer", fields.error().message});
    }
    for (const proto::Field& field : *fields) {
        if (field.name == "error" && field.kind == proto::JsonKind::object) {
            proto::FieldReader error(
                proto::read_object(field.raw).value_or(std::vector<proto::Field>{}));
            return tl::unexpected(
                QueryProblem{error.text("code", SIZE_MAX), error.text("message", SIZE_MAX)});
        }
    }
    return QueryResult{payload};
}

}  // namespace

std::string QueryResult::field(std::string_view name) const {
    const auto fields = proto::read_object(text);
    if (!fields) {
        return {};
    }
    const auto found = std::find_if(
        fields->begin(), fields->end(), [&](const auto& field) { return field.name == name; });
    return found == fields->end() ? std::string{} : std::string(found->raw);
}

void Queries::ask(std::string question, Answer answer, core::Instant now) {
    ask_on(topic_, std::move(question), std::move(answer), now);
}

void Queries::ask_on(std::string topic, std::string question, Answer answer, core::Instant now) {
    if (waiting_.size() >= kMaxWaiting) {
        answer(tl::unexpected(QueryProblem{"busy", "too many questions wait"}));
        return;
    }
    const Number number = ++last_number_;
    const core::Instant repeat_at = now + kRepeatAfter;
    deadlines_.set(repeat_at, number, 0);
    const auto [entry, added] = waiting_.emplace(number,
                                                 Waiting{std::move(topic),
                                                         std::move(question),
                                                         std::move(answer),
                                                         repeat_at,
                                                         now + kGiveUpAfter});
    publish(number, entry->second);
}

void Queries::publish(Number number, const Waiting& waiting) {
    broker::OutboundMessage message;
    message.topic = waiting.topic;
    message.payload = waiting.question;
    message.qos = 1;
    message.response_topic = response_topic_;
    message.correlation = std::to_string(number);
    publish_(std::move(message));
}

bool Queries::take(const broker::InboundMessage& message) {
    const auto number = parse_number(message.correlation.value_or(""));
    if (!number || waiting_.count(*number) == 0) {
        return false;
    }
    finish(*number, read_answer(message.payload));
    return true;
}

void Queries::advance(core::Instant now) {
    while (const auto due = deadlines_.pop_due(now)) {
        const Number number = due->first;
        Waiting& waiting = waiting_.at(number);
        if (now >= waiting.give_up_at) {
            finish(number, tl::unexpected(QueryProblem{"no_node", "no node has answered"}));
            continue;
        }
        waiting.deadline = waiting.give_up_at;
        deadlines_.set(waiting.deadline, number, 0);
        publish(number, waiting);
    }
}

void Queries::finish(Number number, tl::expected<QueryResult, QueryProblem> result) {
    auto node = waiting_.extract(number);
    deadlines_.remove(node.mapped().deadline, number);
    node.mapped().answer(std::move(result));
}

}  // namespace dm::control
