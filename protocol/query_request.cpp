#include "protocol/query_request.hpp"

#include "protocol/request_payload.hpp"

#include <charconv>
#include <utility>

namespace dm::proto {

namespace {

constexpr std::string_view kUnknownCursor = "must be the cursor of an answer";

std::size_t limit_of(FieldReader& in) {
    return static_cast<std::size_t>(
        in.natural_if_any("limit", 1, kMaxQueryLimit).value_or(kDefaultQueryLimit));
}

std::optional<CommandState> state_of(FieldReader& in) {
    const auto word = in.text_if_any("state", SIZE_MAX);
    if (!word) {
        return std::nullopt;
    }
    const auto state = parse_command_state(*word);
    if (!state) {
        in.fail("state", "must be the state of a command");
    }
    return state;
}

std::optional<std::uint64_t> place_of(FieldReader& in) {
    const auto text = in.text_if_any("cursor", SIZE_MAX);
    if (!text) {
        return std::nullopt;
    }
    std::uint64_t place = 0;
    const char* const end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, place);
    if (error != std::errc{} || stopped != end) {
        in.fail("cursor", kUnknownCursor);
    }
    return place;
}

/// What device ids can begin with, or nothing.
std::string prefix_of(FieldReader& in) {
    std::string prefix = in.text_if_any("prefix", SIZE_MAX).value_or("");
    if (!prefix.empty() && !DeviceId::parse(prefix)) {
        in.fail("prefix", "must be the beginning of a device id");
    }
    return prefix;
}

Query command_query(FieldReader& in) {
    CommandQuery query;
    query.id = in.reference("id");
    query.device = in.device_if_any("device");
    query.after_seq = in.natural_if_any("after_seq", 0, kMaxSeq).value_or(0);
    return query;
}

std::optional<Query> commands_query(FieldReader& in) {
    auto device = in.device("device");
    if (!device) {
        return std::nullopt;
    }
    return CommandsQuery{*std::move(device), state_of(in), limit_of(in), place_of(in)};
}

std::optional<Query> device_query(FieldReader& in) {
    auto device = in.device("device");
    return device ? std::optional<Query>(DeviceQuery{*std::move(device)}) : std::nullopt;
}

Query devices_query(FieldReader& in) {
    DevicesQuery query;
    query.online = in.boolean_if_any("online");
    query.prefix = prefix_of(in);
    query.limit = limit_of(in);
    if (const auto cursor = in.text_if_any("cursor", SIZE_MAX)) {
        if (const auto device = DeviceId::parse(*cursor)) {
            query.cursor = *device;
        } else {
            in.fail("cursor", kUnknownCursor);
        }
    }
    return query;
}

std::optional<Query> query_of(FieldReader& in) {
    const std::string kind = in.text("query", SIZE_MAX);
    if (kind == "command") {
        return command_query(in);
    }
    if (kind == "commands") {
        return commands_query(in);
    }
    if (kind == "device") {
        return device_query(in);
    }
    if (kind == "devices") {
        return devices_query(in);
    }
    in.fail("query", "must be command, commands, device or devices");
    return std::nullopt;
}

}  // namespace

std::string_view type_of(const Query& query) {
    if (std::holds_alternative<CommandQuery>(query)) {
        return "command";
    }
    if (std::holds_alternative<CommandsQuery>(query)) {
        return "commands";
    }
    return std::holds_alternative<DeviceQuery>(query) ? "device" : "devices";
}

std::string_view word(QueryError error) {
    switch (error) {
        case QueryError::bad_request:
            return "bad_request";
        case QueryError::too_large:
            return "too_large";
        case QueryError::not_found:
            return "not_found";
        case QueryError::busy:
            return "busy";
        case QueryError::unavailable:
            return "unavailable";
    }
    return "";
}

tl::expected<Query, QueryFailure> parse_query(std::string_view payload) {
    auto in = read_payload(payload);
    if (!in) {
        const bool too_large = in.error().code == Rejection::too_large;
        return tl::unexpected(
            QueryFailure{too_large ? QueryError::too_large : QueryError::bad_request,
                         std::move(in.error().message)});
    }
    auto query = query_of(*in);
    if (in->problem()) {
        return tl::unexpected(QueryFailure{QueryError::bad_request, *in->problem()});
    }
    return *std::move(query);
}

}  // namespace dm::proto
