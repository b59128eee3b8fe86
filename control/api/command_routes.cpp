// The routes of commands: sending, watching, cancelling.

#include "control/api/api.hpp"
#include "control/api/wishes.hpp"
#include "control/sse/event_id.hpp"
#include "control/sse/frame.hpp"
#include "device-mgmt/log/log.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/query_request.hpp"

#include <utility>

namespace dm::control {

namespace {

constexpr std::size_t kMaxTraceparentBytes = 256;
constexpr std::chrono::milliseconds kFirstLook{30};
constexpr int kMaxLooks = 8;  ///< 30 ms doubled: after less than 8 s

std::string location_of(const proto::DeviceId& device, const std::string& id) {
    return "/v1/devices/" + encode_segment(device.str()) + "/commands/" + encode_segment(id);
}

/// The word of a metric for how a call ended.
std::string_view end_word(const CallEnd& end) {
    switch (end.why) {
        case CallEnd::Why::finished:
            return end.state;
        case CallEnd::Why::rejected:
            return "rejected";
        case CallEnd::Why::accepted:
        case CallEnd::Why::patience:
            return "accepted";
        case CallEnd::Why::no_node:
            return "no_node";
    }
    return "no_node";
}

Problem call_problem(const CallEnd& end) {
    return {status_of(end.state, end.code),
            end.code.empty() ? end.state : end.code,
            end.message.empty() ? "the command is " + end.state : end.message,
            end.payload.empty() ? std::nullopt : std::optional(end.payload)};
}

/// The device's reply as the origin's programs read it.
std::string origin_reply(const std::string& payload) {
    const auto outcome = proto::parse_outcome(payload);
    proto::JsonWriter out;
    if (outcome) {
        out.text_or_null("transactionId", outcome->id)
            .text_or_null("status", outcome->status)
            .time_if_any("time", outcome->time)
            .json("data", outcome->data.value_or("null"));
    }
    return out.take();
}

struct CommandStanding {
    proto::CommandState state = proto::CommandState::accepted;
    std::uint64_t attempts = 0;
    std::string text;  ///< the command, as the nodes tell it
};

bool may_be_cancelled(const CommandStanding& standing) {
    return standing.attempts == 0 && (standing.state == proto::CommandState::accepted ||
                                      standing.state == proto::CommandState::queued);
}

/// Why a command that was not cancelled will not be.
Problem too_late(const CommandStanding& standing) {
    const bool over = proto::is_terminal(standing.state);
    return {409,
            over ? "already_ended" : "already_sent",
            over ? "the command has ended" : "the command has been sent already",
            standing.text};
}

std::optional<CommandStanding> read_standing(const QueryResult& answer) {
    CommandStanding standing;
    standing.text = answer.field("command");
    auto fields = proto::read_object(standing.text);
    if (!fields) {
        return std::nullopt;
    }
    proto::FieldReader in(*std::move(fields));
    const auto state = proto::parse_command_state(in.text("state", SIZE_MAX));
    standing.attempts = in.natural("attempts", 0, UINT32_MAX);
    if (in.problem() || !state) {
        return std::nullopt;
    }
    standing.state = *state;
    return standing;
}

}  // namespace

void Api::send_command(http::ExchangeId exchange,
                       const proto::DeviceId& device,
                       const Request& request) {
    auto command = read_command(request);
    if (!command) {
        refuse(exchange, command.error());
        return;
    }
    const auto provision = request.query_value("provision");
    if (!request.query.empty() && request.query != "provision=true") {
        refuse(exchange, {400, "bad_request", "provision: the only parameter, and only true"});
        return;
    }
    const Preference wanted = preference(request);
    const Open& open = open_.at(exchange);
    CallOrder order{exchange, device, *std::move(command)};
    order.mode = wanted.mode;
    order.patience = wanted.patience;
    order.since = open.since;
    order.operator_name = open.operator_name;
    const auto traceparent = request.header("traceparent");
    if (traceparent && traceparent->size() <= kMaxTraceparentBytes) {
        order.traceparent = std::string(*traceparent);
    }
    call_if_known(std::move(order), provision.has_value());
}

void Api::send_origin_action(http::ExchangeId exchange, const Request& request) {
    auto action = read_origin_action(request.body);
    if (!action) {
        refuse(exchange, action.error());
        return;
    }
    const Open& open = open_.at(exchange);
    CallOrder order{exchange, action->destination, std::move(action->command)};
    order.mode = CallMode::stream;
    order.origin_shape = true;
    order.since = open.since;
    order.operator_name = open.operator_name;
    call_if_known(std::move(order), false);
}

void Api::call_if_known(CallOrder order, bool provision) {
    if (calls_.is_full()) {
        refuse(order.exchange, {503, "overloaded", "too many calls wait on this instance"});
        return;
    }
    if (provision || fleet_.find(order.device) != nullptr) {
        call(std::move(order));
        return;
    }
    std::string question = device_question(order.device);
    queries_.ask(
        std::move(question),
        [this, order = std::move(order)](const auto& result) {
            count(result);
            if (open_.count(order.exchange) == 0) {
                return;  // left meanwhile
            }
            if (result) {
                call(order);
            } else if (result.error().code == "not_found") {
                refuse(order.exchange,
                       {404,
                        "unknown_device",
                        "device: was never connected; ?provision=true queues for it"});
            } else {
                refuse(order.exchange, query_problem(result.error().code, result.error().message));
            }
        },
        now());
}

void Api::call(CallOrder order) {
    if (!order.command.id) {
        order.command.id = parts_.make_id(parts_.clock().wall);
    }
    order.command.report_states = true;
    audit(order.exchange,
          "command_requested",
          order.device.str(),
          *order.command.id,
          order.command.command);
    calls_.start(std::move(order), now());
}

void Api::on_call_slow(const CallOrder& order) {
    begin_stream(order.exchange);
    static_cast<void>(parts_.responder.send(order.exchange, comment_text("waiting")));
}

void Api::on_call_event(const CallOrder& order, const CallEvent& event, bool begun) {
    if (!begun) {
        begin_stream(order.exchange);
    }
    if (event.state == "accepted") {
        parts_.metrics.call_first_event(now() - order.since);
    }
    if (!order.origin_shape) {
        static_cast<void>(parts_.responder.send(
            order.exchange,
            event_text(event.state, event.id ? std::to_string(*event.id) : "", event.data)));
    }
}

void Api::on_call_end(const CallOrder& order, const CallEnd& end, bool begun) {
    parts_.metrics.call_ended(end_word(end), now() - order.since);
    log::debug("call_ended",
               {{"device", order.device.str()},
                {"command_id", *order.command.id},
                {"end", end_word(end)}});
    if (order.origin_shape) {
        end_origin_call(order, end, begun);
        return;
    }
    if (order.mode != CallMode::stream) {
        answer(order.exchange, answer_to(end, location_of(order.device, *order.command.id)));
        return;
    }
    if (!begun) {
        refuse(order.exchange, call_problem(end));
        return;
    }
    if (end.why != CallEnd::Why::finished) {
        const std::string data = end.payload.empty() || end.why != CallEnd::Why::rejected
                                     ? to_json(call_problem(end))
                                     : end.payload;
        const std::string name = end.why == CallEnd::Why::rejected ? "rejected" : "error";
        static_cast<void>(parts_.responder.send(order.exchange, event_text(name, {}, data)));
    }
    parts_.responder.end_stream(order.exchange);
}

/// The origin's stream has one event, the device's reply – or here a problem, where the origin was
/// silent for half an hour.
void Api::end_origin_call(const CallOrder& order, const CallEnd& end, bool begun) {
    const bool replied = end.why == CallEnd::Why::finished && status_of(end.state, "") == 200;
    if (!begun && !replied) {
        refuse(order.exchange, call_problem(end));
        return;
    }
    if (!begun) {
        begin_stream(order.exchange);
    }
    static_cast<void>(parts_.responder.send(
        order.exchange,
        replied ? event_text({}, *order.command.id, origin_reply(end.payload))
                : event_text("error", *order.command.id, to_json(call_problem(end)))));
    parts_.responder.end_stream(order.exchange);
}

void Api::get_command(http::ExchangeId exchange,
                      const proto::DeviceId& device,
                      const std::string& id,
                      const Request& request) {
    if (!wants_stream(request)) {
        ask(exchange, command_question(id, device, 0), "command");
        return;
    }
    const auto last = request.header("last-event-id");
    const auto after = last ? parse_number(*last) : std::optional<std::uint64_t>(0);
    if (!after || *after > proto::kMaxSeq) {
        refuse(exchange, {400, "bad_request", "Last-Event-ID: must be the id of an event"});
        return;
    }
    if (follows_.is_full()) {
        refuse(exchange, {503, "overloaded", "too many streams on this instance"});
        return;
    }
    follows_.start(exchange, device, id, *after, now());
}

void Api::find_command(http::ExchangeId exchange, const std::string& id) {
    queries_.ask(
        command_question(id, std::nullopt, 0),
        [this, exchange](const auto& result) {
            count(result);
            if (!result) {
                refuse(exchange, query_problem(result.error().code, result.error().message));
                return;
            }
            const std::string several = result->field("commands");
            if (several.empty()) {
                answer(exchange, json_response(result->field("command")));
                return;
            }
            Problem problem{409, "ambiguous", "id: several devices have a command of this id"};
            problem.candidates = several;
            refuse(exchange, problem);
        },
        now());
}

void Api::cancel_command(http::ExchangeId exchange,
                         const proto::DeviceId& device,
                         const std::string& id) {
    audit(exchange, "cancel_requested", device.str(), id, "");
    proto::JsonWriter payload;
    payload.text("id", id);
    broker::OutboundMessage message;
    message.topic = topics_.cancel(device);
    message.payload = payload.take();
    message.qos = 1;
    message.user_properties.emplace_back("operator", open_.at(exchange).operator_name);
    if (!publish(std::move(message))) {
        refuse(exchange, {503, "no_broker", "the broker takes nothing now"});
        return;
    }
    check_cancelled(exchange, device, id, 0);
}

/// A cancel has no answer: the state of the command tells.
void Api::check_cancelled(http::ExchangeId exchange,
                          const proto::DeviceId& device,
                          const std::string& id,
                          int turn) {
    queries_.ask(
        command_question(id, device, 0),
        [this, exchange, device, id, turn](const auto& result) {
            count(result);
            if (open_.count(exchange) == 0) {
                return;
            }
            const auto standing = result ? read_standing(*result) : std::nullopt;
            if (!standing) {
                refuse(exchange,
                       result ? Problem{502, "bad_answer", "a node's answer is unreadable"}
                              : query_problem(result.error().code, result.error().message));
                return;
            }
            if (standing->state == proto::CommandState::cancelled) {
                answer(exchange, json_response(standing->text));
                return;
            }
            if (!may_be_cancelled(*standing) || turn >= kMaxLooks) {
                refuse(exchange, too_late(*standing));
                return;
            }
            later_.set(now() + kFirstLook * (1 << turn),
                       ++last_later_,
                       [this, exchange, device, id, turn] {
                           check_cancelled(exchange, device, id, turn + 1);
                       });
        },
        now());
}

}  // namespace dm::control
