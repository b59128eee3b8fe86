#pragma once

#include "control/api/problem.hpp"
#include "control/calls/call.hpp"
#include "device-mgmt/http/http_message.hpp"
#include "protocol/ids.hpp"
#include "protocol/operator_messages.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// What a request asks for besides its route: headers, parameters and bodies, checked. Pure.
namespace dm::control {

inline constexpr std::chrono::seconds kMaxWait{60};

/// `Accept` names `text/event-stream`.
[[nodiscard]] bool wants_stream(const http::HttpRequest& request);

/// The mode and patience that `Accept` and `Prefer` ask for (RFC 7240: what is not understood is
/// ignored).
struct Preference {
    CallMode mode = CallMode::wait;
    std::chrono::milliseconds patience = kMaxWait;
};

[[nodiscard]] Preference preference(const http::HttpRequest& request);

/// The checks of every body: one `Content-Length` and no other framing (411), JSON (415), not
/// larger than a command may be (413). For routes without a body: that there is none (400).
[[nodiscard]] std::optional<Problem> check_body(const http::HttpRequest& request, bool wanted);

/// The command of a body, with the id of `Idempotency-Key` or its own. Without either: no id.
[[nodiscard]] tl::expected<proto::CommandRequest, Problem> read_command(
    const http::HttpRequest& request);

/// `{destination, command, args?}`, as the origin has it.
struct OriginAction {
    proto::DeviceId destination;
    proto::CommandRequest command;
};

[[nodiscard]] tl::expected<OriginAction, Problem> read_origin_action(std::string_view body);

/// `{group, data}` or `{group, command, args, …}`.
struct BroadcastWish {
    proto::Name group;
    proto::BroadcastRequest request;
};

[[nodiscard]] tl::expected<BroadcastWish, Problem> read_broadcast(const http::HttpRequest& request);

[[nodiscard]] tl::expected<proto::DeviceId, Problem> read_device(std::string_view text);
[[nodiscard]] tl::expected<std::string, Problem> read_command_id(const std::string& text);

/// The questions for dm/queries that lists ask, from the parameters of the query. Unknown
/// parameters are refused: a misspelt filter would show everything.
[[nodiscard]] tl::expected<std::string, Problem> commands_question(
    const proto::DeviceId& device, const http::HttpRequest& request);
[[nodiscard]] tl::expected<std::string, Problem> devices_question(const http::HttpRequest& request);
[[nodiscard]] std::string device_question(const proto::DeviceId& device);
[[nodiscard]] std::string command_question(const std::string& id,
                                           const std::optional<proto::DeviceId>& device,
                                           std::uint64_t after_seq);

}  // namespace dm::control
