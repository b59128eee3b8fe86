// The routes of devices, events and broadcasts.

#include "control/api/api.hpp"
#include "control/api/wishes.hpp"
#include "control/sse/frame.hpp"
#include "protocol/json_writer.hpp"

#include <utility>
#include <variant>

namespace dm::control {

void Api::count(const tl::expected<QueryResult, QueryProblem>& result) {
    parts_.metrics.query_answered(result ? "answered" : std::string_view(result.error().code));
}

void Api::ask(http::ExchangeId exchange, std::string question, std::string_view field) {
    queries_.ask(
        std::move(question),
        [this, exchange, field = std::string(field)](const auto& result) {
            count(result);
            if (!result) {
                refuse(exchange, query_problem(result.error().code, result.error().message));
                return;
            }
            answer(exchange, json_response(field.empty() ? result->text : result->field(field)));
        },
        now());
}

void Api::kick(http::ExchangeId exchange, const proto::DeviceId& device) {
    const Fleet::Device* known = fleet_.find(device);
    if (known == nullptr || !known->online) {
        refuse(exchange, {404, "not_connected", "device: has no session"});
        return;
    }
    audit(exchange, "kick_requested", device.str(), "", "");
    proto::JsonWriter question;
    question.text("query", "kick").text("device", device.str()).number("epoch", known->epoch);
    queries_.ask_on(
        identity_.prefix + "/internal/" + known->node + "/kick",
        question.take(),
        [this, exchange](const auto& result) {
            count(result);
            if (!result) {
                refuse(exchange, query_problem(result.error().code, result.error().message));
                return;
            }
            http::HttpResponse response = json_response({});
            response.status = 204;
            answer(exchange, std::move(response));
        },
        now());
}

void Api::follow_events(http::ExchangeId exchange, std::string device, const Request& request) {
    if (hub_.is_full()) {
        refuse(exchange, {503, "overloaded", "too many streams on this instance"});
        return;
    }
    if (!request.query.empty()) {
        refuse(exchange, {400, "bad_request", "query: this route has no parameters"});
        return;
    }
    parts_.metrics.request(200);
    open_.erase(exchange);
    std::string opening = device.empty() ? nodes_text() : std::string{};
    hub_.follow(
        exchange, std::move(device), request.header("last-event-id"), now(), std::move(opening));
}

/// What is retained of the nodes, as events without an id: who begins to follow would hear of a
/// node at its next change only.
std::string Api::nodes_text() const {
    std::string out;
    for (const auto& [name, node] : fleet_.nodes()) {
        if (out.size() + node.data.size() > kMaxOpeningBytes) {
            break;
        }
        out += event_text("node", {}, node.data);
    }
    return out;
}

void Api::broadcast(http::ExchangeId exchange, const Request& request) {
    auto wish = read_broadcast(request);
    if (!wish) {
        refuse(exchange, wish.error());
        return;
    }
    if (broadcasts_.is_full()) {
        refuse(exchange, {503, "overloaded", "too many broadcasts on this instance"});
        return;
    }
    std::string command = "data";
    std::string id;
    if (auto* each = std::get_if<proto::CommandRequest>(&wish->request)) {
        if (!each->id) {
            each->id = parts_.make_id(parts_.clock().wall);
        }
        id = *each->id;
        command = each->command;
    }
    audit(exchange, "broadcast_requested", wish->group.str(), id, command);
    broadcasts_.start(exchange, *wish, open_.at(exchange).operator_name, now());
}

}  // namespace dm::control
