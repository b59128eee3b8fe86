#include "protocol/json_fields.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/request_payload.hpp"

#include <utility>

namespace dm::proto {

namespace {

using std::chrono::seconds;

seconds seconds_or(FieldReader& in, std::string_view name, seconds min, seconds max, seconds def) {
    const auto value = in.natural_if_any(
        name, static_cast<std::uint64_t>(min.count()), static_cast<std::uint64_t>(max.count()));
    return value ? seconds(static_cast<seconds::rep>(*value)) : def;
}

Delivery delivery(FieldReader& in) {
    const auto word = in.text_if_any("delivery", SIZE_MAX);
    if (word && *word != "at_least_once" && *word != "at_most_once") {
        in.fail("delivery", "must be at_least_once or at_most_once");
    }
    return word == "at_most_once" ? Delivery::at_most_once : Delivery::at_least_once;
}

bool report_states(FieldReader& in) {
    const auto word = in.text_if_any("report", SIZE_MAX);
    if (word && *word != "states") {
        in.fail("report", "must be states");
    }
    return word.has_value();
}

tl::expected<CommandRequest, RequestProblem> command_request(FieldReader& in) {
    CommandRequest request;
    request.id = in.command_id_if_any("id");
    const auto id = request.id;  // outlives the request, for the problem
    request.command = in.characters("command", kMaxCommandNameCharacters);
    if (auto args = in.object_if_any("args")) {
        request.args = *std::move(args);
    }
    request.timeout = seconds_or(in, "timeout_s", seconds(1), kMaxTimeout, kDefaultTimeout);
    request.ttl = seconds_or(in, "ttl_s", seconds(0), kMaxTtl, kDefaultTtl);
    request.delivery = delivery(in);
    request.report_states = report_states(in);
    request.after = in.reference_if_any("after");
    if (in.problem()) {
        return tl::unexpected(RequestProblem{Rejection::bad_request, *in.problem(), id});
    }
    return request;
}

tl::expected<JsonText, RequestProblem> data_of(FieldReader& in) {
    JsonText data = in.json("data");
    if (in.problem()) {
        return tl::unexpected(RequestProblem{Rejection::bad_request, *in.problem(), std::nullopt});
    }
    return data;
}

}  // namespace

tl::expected<CommandRequest, RequestProblem> parse_command_request(std::string_view payload,
                                                                   std::size_t max_bytes) {
    auto in = read_payload(payload, max_bytes);
    if (!in) {
        return tl::unexpected(std::move(in.error()));
    }
    return command_request(*in);
}

tl::expected<std::string, RequestProblem> parse_cancel(std::string_view payload) {
    auto in = read_payload(payload);
    if (!in) {
        return tl::unexpected(std::move(in.error()));
    }
    std::string id = in->reference("id");
    if (in->problem()) {
        return tl::unexpected(RequestProblem{Rejection::bad_request, *in->problem(), std::nullopt});
    }
    return id;
}

tl::expected<BroadcastRequest, RequestProblem> parse_broadcast(std::string_view payload) {
    auto in = read_payload(payload);
    if (!in) {
        return tl::unexpected(std::move(in.error()));
    }
    if (in->has("data") && in->has("command")) {
        in->fail("data", "and command exclude each other");
    }
    if (in->has("command")) {
        return command_request(*in);
    }
    return data_of(*in).map([](JsonText&& data) { return BroadcastRequest{BroadcastData{data}}; });
}

tl::expected<JsonText, RequestProblem> parse_stream_message(std::string_view payload) {
    auto in = read_payload(payload);
    if (!in) {
        return tl::unexpected(std::move(in.error()));
    }
    return data_of(*in);
}

std::string to_json(const CommandRequest& request) {
    JsonWriter out;
    out.text_if_any("id", request.id)
        .text("command", request.command)
        .json("args", request.args)
        .number("timeout_s", request.timeout)
        .number("ttl_s", request.ttl);
    if (request.delivery == Delivery::at_most_once) {
        out.text("delivery", "at_most_once");
    }
    if (request.report_states) {
        out.text("report", "states");
    }
    out.text_if_any("after", request.after);
    return out.take();
}

}  // namespace dm::proto
