#include "control/api/wishes.hpp"

#include "control/api/router.hpp"
#include "control/sse/event_id.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/query_request.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::control {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// The elements of a comma-separated header.
std::vector<std::string> elements(std::string_view value, char separator = ',') {
    std::vector<std::string> out;
    while (!value.empty()) {
        const std::size_t end = std::min(value.find(separator), value.size());
        out.push_back(lower(trimmed(value.substr(0, end))));
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return out;
}

std::size_t count_headers(const http::HttpRequest& request, std::string_view name) {
    return static_cast<std::size_t>(
        std::count_if(request.headers.begin(), request.headers.end(), [&](const auto& header) {
            return lower(header.first) == name;
        }));
}

bool is_json(std::string_view content_type) {
    const auto parts = elements(content_type, ';');
    if (parts.empty() || parts.front() != "application/json") {
        return false;
    }
    return std::all_of(parts.begin() + 1, parts.end(), [](const std::string& parameter) {
        return parameter.rfind("charset", 0) != 0 || parameter == "charset=utf-8" ||
               parameter == "charset=\"utf-8\"";
    });
}

Problem bad(std::string detail) {
    return {400, "bad_request", std::move(detail)};
}

Problem to_problem(const proto::RequestProblem& problem) {
    return {problem.code == proto::Rejection::too_large ? 413 : 400,
            std::string(proto::word(problem.code)),
            problem.message};
}

using Parameters = std::map<std::string, std::string>;

/// What stands before the first `at`, and what behind it; without one, all of it and nothing.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char at) {
    const auto* const found = std::find(text.begin(), text.end(), at);
    const auto before = static_cast<std::size_t>(found - text.begin());
    return {text.substr(0, before), text.substr(std::min(before + 1, text.size()))};
}

/// The parameters of the query, each at most once and one of `known`.
tl::expected<Parameters, Problem> read_parameters(std::string_view query,
                                                  std::initializer_list<std::string_view> known) {
    Parameters parameters;
    while (!query.empty()) {
        const auto [pair, rest] = cut(query, '&');
        query = rest;
        const auto [key, encoded] = cut(pair, '=');
        const std::string name(key);
        const auto value = decode_percent(encoded);
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return tl::unexpected(bad("query: a parameter that this route does not have"));
        }
        if (!value || !parameters.emplace(name, *value).second) {
            return tl::unexpected(bad(name + ": malformed, or there twice"));
        }
    }
    return parameters;
}

/// A question that the nodes would understand, or what is wrong with it.
tl::expected<std::string, Problem> checked(std::string question) {
    if (const auto parsed = proto::parse_query(question); !parsed) {
        return tl::unexpected(bad(parsed.error().message));
    }
    return question;
}

/// `limit` as a number; -1 says that it is none.
void write_limit(proto::JsonWriter& out, const Parameters& parameters) {
    if (const auto limit = parameters.find("limit"); limit != parameters.end()) {
        const auto number = parse_number(limit->second);
        out.json("limit", number ? std::to_string(*number) : "-1");
    }
}

void write_text(proto::JsonWriter& out, const Parameters& parameters, const char* name) {
    if (const auto found = parameters.find(name); found != parameters.end()) {
        out.text(name, found->second);
    }
}

}  // namespace

bool wants_stream(const http::HttpRequest& request) {
    const auto accept = elements(request.header("accept").value_or(""));
    return std::any_of(accept.begin(), accept.end(), [](const std::string& range) {
        return range.substr(0, range.find(';')) == "text/event-stream";
    });
}

Preference preference(const http::HttpRequest& request) {
    Preference wanted;
    if (wants_stream(request)) {
        wanted.mode = CallMode::stream;
        return wanted;
    }
    for (const auto& [name, value] : request.headers) {
        if (lower(name) != "prefer") {
            continue;
        }
        for (const std::string& element : elements(value)) {
            if (element == "respond-async") {
                wanted.mode = CallMode::submit;
            } else if (element.rfind("wait=", 0) == 0) {
                if (const auto seconds = parse_number(element.substr(5))) {
                    wanted.patience = std::chrono::seconds(
                        std::min(*seconds, static_cast<std::uint64_t>(kMaxWait.count())));
                }
            }
        }
    }
    return wanted;
}

std::optional<Problem> check_body(const http::HttpRequest& request, bool wanted) {
    if (request.header("transfer-encoding")) {
        return Problem{411, "length_required", "Transfer-Encoding: a body needs Content-Length"};
    }
    if (!wanted) {
        return request.body.empty() ? std::nullopt
                                    : std::optional(bad("body: this route takes none"));
    }
    if (count_headers(request, "content-length") != 1) {
        return Problem{411, "length_required", "Content-Length: is needed, once"};
    }
    if (request.body.size() > proto::kMaxOperatorPayloadBytes) {
        return Problem{
            413,
            "too_large",
            "body: more than " + std::to_string(proto::kMaxOperatorPayloadBytes) + " bytes"};
    }
    if (!is_json(request.header("content-type").value_or(""))) {
        return Problem{415, "not_json", "Content-Type: must be application/json"};
    }
    if (request.header("content-encoding")) {
        return Problem{415, "not_json", "Content-Encoding: none is understood"};
    }
    return std::nullopt;
}

tl::expected<proto::CommandRequest, Problem> read_command(const http::HttpRequest& request) {
    auto command = proto::parse_command_request(request.body);
    if (!command) {
        return tl::unexpected(to_problem(command.error()));
    }
    if (const auto key = request.header("idempotency-key")) {
        const std::string id(*key);
        if (count_headers(request, "idempotency-key") != 1 || !proto::check_command_id(id)) {
            return tl::unexpected(
                bad("Idempotency-Key: must be one id of 1-64 printable "
                    "characters"));
        }
        if (command->id && *command->id != id) {
            return tl::unexpected(bad("id: differs from the Idempotency-Key"));
        }
        command->id = id;
    }
    return *std::move(command);
}

tl::expected<OriginAction, Problem> read_origin_action(std::string_view body) {
    auto fields = proto::read_object(body);
    if (!fields) {
        return tl::unexpected(bad("the body is " + fields.error().message));
    }
    fields->erase(std::remove_if(fields->begin(),
                                 fields->end(),
                                 [](const proto::Field& field) {
                                     return field.kind == proto::JsonKind::null;
                                 }),
                  fields->end());
    proto::FieldReader in(*std::move(fields));
    const auto destination = in.device("destination");
    proto::CommandRequest command;
    command.command = in.characters("command", proto::kMaxCommandNameCharacters);
    command.args = in.object_if_any("args").value_or("{}");
    if (in.problem()) {
        return tl::unexpected(bad(*in.problem()));
    }
    return OriginAction{*destination, std::move(command)};
}

tl::expected<BroadcastWish, Problem> read_broadcast(const http::HttpRequest& request) {
    auto fields = proto::read_object(request.body);
    if (!fields) {
        return tl::unexpected(bad("the body is " + fields.error().message));
    }
    proto::FieldReader in(*std::move(fields));
    const auto group = in.name("group");
    if (in.problem()) {
        return tl::unexpected(bad(*in.problem()));
    }
    auto wish = proto::parse_broadcast(request.body);  // does not mind the group
    if (!wish) {
        return tl::unexpected(to_problem(wish.error()));
    }
    return BroadcastWish{*group, *std::move(wish)};
}

tl::expected<proto::DeviceId, Problem> read_device(std::string_view text) {
    auto device = proto::DeviceId::parse(text);
    if (!device) {
        return tl::unexpected(bad("device: " + std::string(proto::what(device.error()))));
    }
    return *std::move(device);
}

tl::expected<std::string, Problem> read_command_id(const std::string& text) {
    if (const auto checked_id = proto::check_command_reference(text); !checked_id) {
        return tl::unexpected(bad("id: " + std::string(proto::what(checked_id.error()))));
    }
    return text;
}

tl::expected<std::string, Problem> commands_question(const proto::DeviceId& device,
                                                     const http::HttpRequest& request) {
    const auto parameters = read_parameters(request.query, {"state", "limit", "cursor"});
    if (!parameters) {
        return tl::unexpected(parameters.error());
    }
    proto::JsonWriter out;
    out.text("query", "commands").text("device", device.str());
    write_text(out, *parameters, "state");
    write_limit(out, *parameters);
    write_text(out, *parameters, "cursor");
    return checked(out.take());
}

tl::expected<std::string, Problem> devices_question(const http::HttpRequest& request) {
    const auto parameters = read_parameters(request.query, {"online", "prefix", "limit", "cursor"});
    if (!parameters) {
        return tl::unexpected(parameters.error());
    }
    proto::JsonWriter out;
    out.text("query", "devices");
    if (const auto online = parameters->find("online"); online != parameters->end()) {
        if (online->second != "true" && online->second != "false") {
            return tl::unexpected(bad("online: must be true or false"));
        }
        out.boolean("online", online->second == "true");
    }
    write_text(out, *parameters, "prefix");
    write_limit(out, *parameters);
    write_text(out, *parameters, "cursor");
    return checked(out.take());
}

std::string device_question(const proto::DeviceId& device) {
    proto::JsonWriter out;
    out.text("query", "device").text("device", device.str());
    return out.take();
}

std::string command_question(const std::string& id,
                             const std::optional<proto::DeviceId>& device,
                             std::uint64_t after_seq) {
    proto::JsonWriter out;
    out.text("query", "command");
    if (device) {
        out.text("device", device->str());
    }
    out.text("id", id);
    if (after_seq != 0) {
        out.number("after_seq", after_seq);
    }
    return out.take();
}

}  // namespace dm::control
