#include "control/api/api.hpp"

#include "control/api/documents.hpp"
#include "control/console/asset_response.hpp"
#include "device-mgmt/log/log.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace dm::control {

namespace {

/// HTTP/1.1 asks for exactly one (RFC 9112 section 3.2); more could be read as either.
bool has_one_host(const http::HttpRequest& request) {
    const auto hosts =
        std::count_if(request.headers.begin(), request.headers.end(), [](const auto& header) {
            const std::string& name = header.first;
            return name.size() == 4 && (name[0] | 0x20) == 'h' && (name[1] | 0x20) == 'o' &&
                   (name[2] | 0x20) == 's' && (name[3] | 0x20) == 't';
        });
    return hosts == 1;
}

bool has_body(Route route) {
    return route == Route::send_command || route == Route::broadcast ||
           route == Route::origin_device || route == Route::origin_devices;
}

/// The device in the path, if the route has one; a device or an id that is none is refused.
tl::expected<std::optional<proto::DeviceId>, Problem> device_in(const RouteMatch& match) {
    if (!match.id.empty()) {
        if (auto read = read_command_id(match.id); !read) {
            return tl::unexpected(std::move(read).error());
        }
    }
    if (match.device.empty()) {
        return std::nullopt;
    }
    auto read = read_device(match.device);
    if (!read) {
        return tl::unexpected(std::move(read).error());
    }
    return *std::move(read);
}

broker::Subscription subscription(std::string filter, int qos) {
    broker::Subscription made;
    made.filter = std::move(filter);
    made.qos = qos;
    return made;
}

}  // namespace

std::string Identity::response_topic() const {
    return prefix + "/responses/" + user + "/" + node + "-" + boot;
}

std::vector<broker::Subscription> Identity::subscriptions() const {
    return {subscription(response_topic() + "/#", 1),
            subscription(prefix + "/nodes/+", 1),
            subscription(prefix + "/presence/+", 1),
            subscription(prefix + "/status/+", 1),
            subscription(prefix + "/replies/+", 1),
            subscription(prefix + "/alerts/+", 1),
            subscription(prefix + "/telemetry/+/+", 0)};
}

Api::Api(Identity identity, Parts parts)
    : identity_(std::move(identity)),
      parts_(std::move(parts)),
      topics_(identity_.prefix),
      response_topic_(identity_.response_topic()),
      hub_(parts_.responder, identity_.node, identity_.boot),
      queries_(identity_.prefix + "/queries",
               response_topic_ + "/queries",
               [this](broker::OutboundMessage message) {
                   static_cast<void>(publish(std::move(message)));
               }),
      calls_(
          topics_,
          response_topic_ + "/calls",
          [this](broker::OutboundMessage message) {
              static_cast<void>(publish(std::move(message)));
          },
          *this),
      follows_(
          parts_.responder,
          queries_,
          [this] { return now(); },
          [this](http::ExchangeId exchange, const QueryProblem& problem) {
              refuse(exchange, query_problem(problem.code, problem.message));
          }),
      broadcasts_(
          parts_.responder,
          topics_,
          response_topic_ + "/broadcasts",
          [this](broker::OutboundMessage message) {
              static_cast<void>(publish(std::move(message)));
          },
          [this](http::ExchangeId exchange, const Problem& problem) {
              refuse(exchange, problem);
          }) {}

// ---- requests ----

void Api::on_request(http::ExchangeId exchange, http::HttpRequest request) {
    open_[exchange] = {now(), {}, {}};
    if (!has_one_host(request)) {
        refuse(exchange, {400, "bad_request", "Host: is needed, once"});
        return;
    }
    const auto match = match_route(request.method, request.path);
    if (!match) {
        const RouteRefusal& refusal = match.error();
        const char* code = refusal.status == 404   ? "no_route"
                           : refusal.status == 405 ? "bad_method"
                                                   : "bad_request";
        http::HttpResponse response = to_response({refusal.status, code, refusal.message});
        if (!refusal.allow.empty()) {
            response.headers.emplace_back("Allow", refusal.allow);
        }
        answer(exchange, std::move(response));
        return;
    }
    const RouteRow& row = *match->row;
    if (row.role) {
        const auto who = parts_.authority.identify(request.header("authorization"));
        if (!who) {
            refuse(exchange,
                   {401, "unauthorized", "Authorization: a valid bearer token is needed"});
            return;
        }
        if (*row.role == Role::operator_ && who->role != Role::operator_) {
            refuse(exchange, {403, "forbidden", "Authorization: this needs the role operator"});
            return;
        }
        open_[exchange].operator_name = who->name;
        open_[exchange].role = who->role;
    }
    if (const auto problem = check_body(request, has_body(row.route))) {
        refuse(exchange, *problem);
        return;
    }
    dispatch(exchange, *match, request);
}

void Api::dispatch(http::ExchangeId exchange, const RouteMatch& match, const Request& request) {
    if (!match.row->role) {
        dispatch_document(exchange, match, request);
        return;
    }
    if (draining_ || !connected_) {
        refuse(exchange,
               draining_ ? Problem{503, "stopping", "this instance stops; ask another one"}
                         : Problem{503, "no_broker", "the broker cannot be reached now"});
        return;
    }
    const auto device = device_in(match);
    if (!device) {
        refuse(exchange, device.error());
        return;
    }
    dispatch(exchange, match, *device, request);
}

void Api::dispatch(http::ExchangeId exchange,
                   const RouteMatch& match,
                   const std::optional<proto::DeviceId>& device,
                   const Request& request) {
    const auto ask_for = [&](tl::expected<std::string, Problem> question) {
        question ? ask(exchange, *std::move(question)) : refuse(exchange, question.error());
    };
    switch (match.row->route) {
        case Route::send_command:
            send_command(exchange, *device, request);
            break;
        case Route::list_commands:
            ask_for(commands_question(*device, request));
            break;
        case Route::get_command:
            get_command(exchange, *device, match.id, request);
            break;
        case Route::cancel_command:
            cancel_command(exchange, *device, match.id);
            break;
        case Route::find_command:
            find_command(exchange, match.id);
            break;
        case Route::list_devices:
            ask_for(devices_question(request));
            break;
        case Route::get_device:
            ask(exchange, device_question(*device), "device");
            break;
        case Route::kick:
            kick(exchange, *device);
            break;
        case Route::device_events:
            follow_events(exchange, device->str(), request);
            break;
        case Route::events:
            follow_events(exchange, {}, request);
            break;
        case Route::broadcast:
            broadcast(exchange, request);
            break;
        case Route::origin_device:
        case Route::origin_devices:
            send_origin_action(exchange, request);
            break;
        case Route::page:
        case Route::asset:
        case Route::openapi:
            break;  // dispatch_document
    }
}

/// What is for everybody, also while the broker is away.
void Api::dispatch_document(http::ExchangeId exchange,
                            const RouteMatch& match,
                            const Request& request) {
    if (match.row->route == Route::openapi) {
        answer(exchange, json_response(std::string(openapi_document())));
        return;
    }
    const bool is_page = match.row->route == Route::page;
    const Asset* asset = find_asset(is_page ? kConsolePage : std::string_view(match.file));
    if (asset == nullptr || (!is_page && asset->name == kConsolePage)) {
        refuse(exchange,
               {404, "no_file", "file: the console of this version has none of that name"});
        return;
    }
    answer(exchange, asset_response(*asset, request));
}

void Api::answer(http::ExchangeId exchange, http::HttpResponse response) {
    parts_.metrics.request(response.status);
    if (const auto found = open_.find(exchange); found != open_.end()) {
        if (found->second.role) {
            response.headers.emplace_back("DM-Role", word(*found->second.role));
        }
        open_.erase(found);
    }
    parts_.responder.answer(exchange, std::move(response));
}

void Api::begin_stream(http::ExchangeId exchange) {
    parts_.metrics.request(200);
    open_.erase(exchange);
    parts_.responder.begin_stream(exchange, stream_head());
}

void Api::refuse(http::ExchangeId exchange, const Problem& problem) {
    answer(exchange, to_response(problem));
}

void Api::audit(http::ExchangeId exchange,
                std::string_view what,
                std::string_view device,
                std::string_view id,
                std::string_view detail) {
    const auto found = open_.find(exchange);
    log::info(
        what,
        {{"operator", found == open_.end() ? "" : std::string_view(found->second.operator_name)},
         {"device", device},
         {"command_id", id},
         {"command", detail}});
}

void Api::on_refused(std::string_view remote, int status, std::string_view why) {
    parts_.metrics.request(status);
    log::warn("request_refused", {{"remote", remote}, {"status", status}, {"why", why}});
}

void Api::on_gone(http::ExchangeId exchange) {
    if (open_.erase(exchange) != 0) {
        parts_.metrics.client_gone();
    }
    if (calls_.gone(exchange)) {
        parts_.metrics.call_ended("left", Metrics::Seconds(0));
        return;
    }
    if (follows_.gone(exchange) || hub_.gone(exchange)) {
        return;
    }
    broadcasts_.gone(exchange);
}

void Api::on_drained(http::ExchangeId exchange) {
    if (!hub_.drained(exchange, now())) {
        broadcasts_.drained(exchange);
    }
}

// ---- the broker ----

bool Api::publish(broker::OutboundMessage message) const {
    return parts_.publish(std::move(message));
}

void Api::on_connected(bool session_present) {
    connected_ = true;
    parts_.metrics.set_broker_connected(true);
    if (was_connected_) {
        hub_.gap(session_present ? "reconnected" : "session_lost", now());
        calls_.reconnected(now());
        broadcasts_.reconnected();
    }
    was_connected_ = true;
}

void Api::on_disconnected() {
    connected_ = false;
    parts_.metrics.set_broker_connected(false);
}

void Api::on_dropped(std::uint64_t count) {
    parts_.metrics.events_dropped(count);
    hub_.gap("overloaded", now());
}

void Api::on_message(broker::InboundMessage message) {
    const std::string_view topic = message.topic;
    const std::string_view own = response_topic_;
    if (topic.substr(0, own.size()) == own) {
        const std::string_view kind = topic.substr(own.size());
        if (kind == "/calls") {
            const std::uint64_t before = calls_.crossed();
            calls_.take(message, now());
            if (calls_.crossed() != before) {
                parts_.metrics.crossed_reply();
                log::error("crossed_reply", {{"payload", message.payload}});
            }
            take_event("replies/", message);
        } else if (kind == "/queries") {
            static_cast<void>(queries_.take(message));
        } else if (kind == "/broadcasts") {
            broadcasts_.take(message, fleet_.nodes_up(), now());
            take_event("replies/", message);
        }
        return;
    }
    if (topic.size() > identity_.prefix.size()) {
        take_event(topic.substr(identity_.prefix.size() + 1), message);
    }
}

/// `rest` is the topic behind the prefix: `<kind>/<device>…`.
void Api::take_event(std::string_view rest, broker::InboundMessage& message) {
    const std::size_t slash = rest.find('/');
    const std::string_view kind = rest.substr(0, slash);
    std::string_view device = rest.substr(std::min(slash + 1, rest.size()));
    device = device.substr(0, device.find('/'));
    const core::Instant at = now();
    if (kind == "nodes") {
        if (fleet_.take_node(std::string(device), message.payload) && !message.payload.empty()) {
            parts_.metrics.event("node");
            hub_.publish({"node", {}, std::move(message.payload)}, at);
        }
        return;
    }
    if (kind == "presence") {
        if (fleet_.take_presence(device, message.payload)) {
            parts_.metrics.event("presence");
            hub_.publish({"presence", std::string(device), std::move(message.payload)}, at);
        }
        return;
    }
    if (kind == "telemetry" || kind == "alerts") {
        const std::string_view name = kind == "alerts" ? "alert" : "telemetry";
        parts_.metrics.event(name);
        hub_.publish({name, std::string(device), std::move(message.payload)}, at);
        return;
    }
    const auto outcome = proto::parse_outcome(message.payload);
    if (!outcome || !outcome->device) {
        return;
    }
    const auto state = proto::parse_command_state(outcome->state);
    const bool is_end = outcome->state == "rejected" || (state && proto::is_terminal(*state));
    if (outcome->id) {
        follows_.hint(*outcome->device, *outcome->id, at);
    }
    // States come on the status topic; on a Response Topic they are there twice.
    if (kind == "status" || is_end) {
        const std::string_view name = is_end ? "reply" : "status";
        parts_.metrics.event(name);
        hub_.publish({name, *outcome->device, std::move(message.payload)}, at);
    }
}

// ---- time ----

void Api::advance() {
    const core::Instant at = now();
    calls_.advance(at);
    queries_.advance(at);
    follows_.advance(at);
    while (auto due = later_.pop_due(at)) {
        due->second();
    }
    broadcasts_.tick(fleet_.nodes_up(), at);
    hub_.tick(at);
}

std::optional<core::Instant> Api::next() const {
    std::optional<core::Instant> earliest;
    for (const auto& next : {calls_.next(), queries_.next(), follows_.next(), later_.next()}) {
        if (next && (!earliest || *next < *earliest)) {
            earliest = next;
        }
    }
    return earliest;
}

bool Api::is_idle() const {
    return calls_.size() == 0 && queries_.waiting() == 0 && broadcasts_.size() == 0;
}

void Api::drain() {
    draining_ = true;
    hub_.end_all();
    follows_.end_all();
}

void Api::end_all() {
    calls_.end_all();
    broadcasts_.end_all();
    follows_.end_all();
    hub_.end_all();
}

void Api::update_metrics(std::size_t exchanges) {
    parts_.metrics.set_open(calls_.size(), hub_.followers() + follows_.size(), exchanges);
    parts_.metrics.set_fleet(fleet_.devices(), fleet_.online(), fleet_.nodes_up());
}

}  // namespace dm::control
