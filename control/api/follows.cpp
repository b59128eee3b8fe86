#include "control/api/follows.hpp"

#include "control/sse/frame.hpp"
#include "control/sse/hub.hpp"
#include "protocol/codes.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace dm::control {

namespace {

std::string command_key(const std::string& device, const std::string& id) {
    return device + '/' + id;
}

/// A step as the status message about it says it.
std::string step_json(const proto::Field& step,
                      const proto::DeviceId& device,
                      const std::string& id) {
    proto::JsonWriter out;
    out.text("id", id).text("device", device.str());
    for (const proto::Field& field :
         proto::read_object(step.raw).value_or(std::vector<proto::Field>{})) {
        for (const char* name : {"state", "attempt", "time", "node", "detail"}) {
            if (field.name == name) {
                out.json(name, field.raw);
            }
        }
    }
    return out.take();
}

}  // namespace

std::optional<FollowedSteps> read_steps(const QueryResult& answer,
                                        const proto::DeviceId& device,
                                        const std::string& id,
                                        std::uint64_t after) {
    const std::string text = answer.field("command");  // the fields' views point into it
    auto command = proto::read_object(text);
    if (!command) {
        return std::nullopt;
    }
    proto::FieldReader in(*std::move(command));
    const auto terminal = in.json_if_any("terminal");
    const bool ended_state =
        proto::is_terminal(proto::parse_command_state(in.text("state", SIZE_MAX))
                               .value_or(proto::CommandState::accepted));
    FollowedSteps steps;
    steps.after = after;
    steps.cut = in.has("history_cut");
    for (const proto::Field& element : in.array("history")) {
        proto::FieldReader step(
            proto::read_object(element.raw).value_or(std::vector<proto::Field>{}));
        const std::uint64_t seq = step.natural("seq", 0, UINT64_MAX);
        const std::string state = step.text("state", SIZE_MAX);
        if (step.problem() || seq <= steps.after) {
            continue;
        }
        const auto known = proto::parse_command_state(state);
        const bool is_end = known && proto::is_terminal(*known);
        steps.events += event_text(state,
                                   std::to_string(seq),
                                   is_end && terminal ? *terminal : step_json(element, device, id));
        steps.after = seq;
    }
    if (in.problem()) {
        return std::nullopt;
    }
    steps.ended = ended_state && !steps.cut;
    return steps;
}

void Follows::start(http::ExchangeId exchange,
                    proto::DeviceId device,
                    std::string id,
                    std::uint64_t after,
                    core::Instant now) {
    by_command_.emplace(command_key(device.str(), id), exchange);
    const auto [entry, added] = follows_.emplace(
        exchange, Follow{std::move(device), std::move(id), after, false, false, false, now, now});
    deadlines_.set(now, exchange, 0);
    ask(exchange, entry->second, now);
}

void Follows::ask(http::ExchangeId exchange, Follow& follow, core::Instant now) {
    follow.asking = true;
    follow.hinted = false;
    schedule(exchange, follow, now + Queries::kGiveUpAfter + kAskEvery);
    proto::JsonWriter question;
    question.text("query", "command").text("device", follow.device.str()).text("id", follow.id);
    if (follow.after != 0) {
        question.number("after_seq", follow.after);
    }
    queries_.ask(
        question.take(),
        [this, exchange](const auto& result) { take(exchange, result, now_()); },
        now);
}

void Follows::take(http::ExchangeId exchange,
                   const tl::expected<QueryResult, QueryProblem>& result,
                   core::Instant now) {
    const auto found = follows_.find(exchange);
    if (found == follows_.end()) {
        return;
    }
    Follow& follow = found->second;
    follow.asking = false;
    const auto steps = result ? read_steps(*result, follow.device, follow.id, follow.after)
                              : std::optional<FollowedSteps>{};
    if (!steps && !follow.begun) {
        forget(exchange);
        refuse_(
            exchange,
            result ? QueryProblem{"bad_answer", "a node's answer is unreadable"} : result.error());
        return;
    }
    if (!follow.begun) {
        follow.begun = true;
        responder_.begin_stream(exchange, stream_head());
    }
    if (!steps) {  // nobody answers now
        schedule(exchange, follow, now + kAskEvery);
        return;
    }
    follow.after = steps->after;
    if (!steps->events.empty()) {
        follow.last_sent = now;
        if (!responder_.send(exchange, steps->events)) {
            forget(exchange);
            return;
        }
    }
    if (steps->ended) {
        forget(exchange);
        responder_.end_stream(exchange);
        return;
    }
    const bool soon = follow.hinted || (steps->cut && !steps->events.empty());
    schedule(exchange, follow, now + (soon ? kAskSoon : kAskEvery));
}

void Follows::hint(const std::string& device, const std::string& id, core::Instant now) {
    const auto [begin, end] = by_command_.equal_range(command_key(device, id));
    for (auto it = begin; it != end; ++it) {
        Follow& follow = follows_.at(it->second);
        follow.hinted = true;
        if (!follow.asking) {
            schedule(it->second, follow, now + kAskSoon);
        }
    }
}

void Follows::advance(core::Instant now) {
    while (const auto due = deadlines_.pop_due(now)) {
        const http::ExchangeId exchange = due->first;
        Follow& follow = follows_.at(exchange);
        if (follow.begun && now - follow.last_sent >= kCommentEvery) {
            follow.last_sent = now;
            if (!responder_.send(exchange, comment_text("alive"))) {
                forget(exchange);
                continue;
            }
        }
        ask(exchange, follow, now);
    }
}

bool Follows::gone(http::ExchangeId exchange) {
    if (follows_.count(exchange) == 0) {
        return false;
    }
    forget(exchange);
    return true;
}

void Follows::end_all() {
    while (!follows_.empty()) {
        const auto [exchange, follow] = *follows_.begin();
        forget(exchange);
        if (follow.begun) {
            responder_.end_stream(exchange);
        } else {
            refuse_(exchange, {"unavailable", "control stops"});
        }
    }
}

void Follows::schedule(http::ExchangeId exchange, Follow& follow, core::Instant when) {
    deadlines_.remove(follow.deadline, exchange);
    follow.deadline = when;
    deadlines_.set(when, exchange, 0);
}

void Follows::forget(http::ExchangeId exchange) {
    const auto found = follows_.find(exchange);
    deadlines_.remove(found->second.deadline, exchange);
    const auto [begin, end] =
        by_command_.equal_range(command_key(found->second.device.str(), found->second.id));
    by_command_.erase(
        std::find_if(begin, end, [&](const auto& entry) { return entry.second == exchange; }));
    follows_.erase(found);
}

}  // namespace dm::control
