#pragma once

#include "protocol/codes.hpp"
#include "protocol/frames.hpp"
#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

/// What operators send and receive over the broker, as values and as JSON text.
namespace dm::proto {

inline constexpr std::size_t kMaxOperatorPayloadBytes = 65536;
/// A command that nodes hand over is written anew, with its id and every default.
inline constexpr std::size_t kMaxHandedOverBytes = kMaxOperatorPayloadBytes + 1024;
inline constexpr std::size_t kMaxCommandNameCharacters = 128;
inline constexpr std::size_t kMaxCorrelationBytes = 1024;
inline constexpr std::chrono::seconds kDefaultTimeout{30};
inline constexpr std::chrono::seconds kMaxTimeout{300};
inline constexpr std::chrono::seconds kDefaultTtl{60};
inline constexpr std::chrono::seconds kMaxTtl{172800};

enum class Delivery { at_least_once, at_most_once };

/// A command as an operator wrote it, checked.
struct CommandRequest {
    std::optional<std::string> id;
    std::string command;
    JsonText args = "{}";  ///< always an object, the text that came in
    std::chrono::seconds timeout = kDefaultTimeout;
    std::chrono::seconds ttl = kDefaultTtl;
    Delivery delivery = Delivery::at_least_once;
    bool report_states = false;
    std::optional<std::string> after;
};

/// Why a payload is no command: goes back in the rejection.
struct RequestProblem {
    Rejection code;
    std::string message;            ///< names the field and the reason
    std::optional<std::string> id;  ///< the payload's id when it could be read and is valid
    bool unreadable = false;        ///< the payload is no JSON object at all
};

/// `max_bytes`: of the payload.
[[nodiscard]] tl::expected<CommandRequest, RequestProblem> parse_command_request(
    std::string_view payload, std::size_t max_bytes = kMaxOperatorPayloadBytes);

/// `{data}`, passed on to every connected device of a group.
struct BroadcastData {
    JsonText data;
};

/// What arrives on `broadcast/<group>`: a message, or one command per connected device.
using BroadcastRequest = std::variant<BroadcastData, CommandRequest>;

[[nodiscard]] tl::expected<BroadcastRequest, RequestProblem> parse_broadcast(
    std::string_view payload);

/// The `data` of `{data}`, as it arrives on the streams' topics.
[[nodiscard]] tl::expected<JsonText, RequestProblem> parse_stream_message(std::string_view payload);

/// `{id}` of a cancel.
[[nodiscard]] tl::expected<std::string, RequestProblem> parse_cancel(std::string_view payload);

/// The payload of an operator's command, for those who send them (firmware-sim, control).
[[nodiscard]] std::string to_json(const CommandRequest& request);

struct ErrorDetail {
    std::string code;
    std::string message;
};

/// A terminal message. Encoded once; every repetition publishes the same bytes.
struct Terminal {
    std::string id;
    DeviceId device;
    std::string command;
    CommandState state;
    std::optional<std::string> status;
    std::optional<JsonText> data;
    WallTime time;
    std::string node;
    std::uint32_t attempts;
    std::chrono::milliseconds latency;
    std::optional<ErrorDetail> error;
};

[[nodiscard]] std::string to_json(const Terminal& terminal);

/// A rejection before acceptance: `state:"rejected"`.
struct RejectionMessage {
    std::optional<std::string> id;      ///< null on the wire when absent
    std::optional<std::string> device;  ///< null when the topic named no valid device
    Rejection code;
    std::string message;
    WallTime time;
    std::string node;
};

[[nodiscard]] std::string to_json(const RejectionMessage& rejection);

/// A non-terminal step on `dm/status/<device>`; `state` is a CommandState's word or `late`.
struct Status {
    std::string id;
    DeviceId device;
    std::string state;
    std::uint32_t attempt;
    WallTime time;
    std::string node;
    std::optional<std::string> status;  ///< a late reply's status and data
    std::optional<JsonText> data;
    std::optional<std::uint64_t>
        seq;  ///< of the step in the command's history; a late reply is none
};

[[nodiscard]] std::string to_json(const Status& status);

struct Presence {
    DeviceId device;
    bool online;
    std::uint64_t epoch;
    std::string node;
    WallTime since;
    std::string reason;  ///< close reason word when offline, `connected` when online
    std::optional<std::string> model;
    std::optional<std::string> firmware;
};

[[nodiscard]] std::string to_json(const Presence& presence);

struct NodeInfo {
    std::string node;
    std::string state;  ///< `up`, `draining`, `down` (the will)
    std::uint64_t sessions;
    std::uint64_t capacity;
    std::string url;
    std::string version;
    std::string boot;
};

[[nodiscard]] std::string to_json(const NodeInfo& node);

/// The `state` of such a message; empty when it cannot be read.
[[nodiscard]] std::string node_state(std::string_view json);

/// Telemetry and alerts as published: the device's fields plus `device` and the server's `time`
/// where the device gave none.
[[nodiscard]] std::string to_json(const DeviceId& device,
                                  const Telemetry& telemetry,
                                  WallTime received,
                                  const std::string& node);
[[nodiscard]] std::string to_json(const DeviceId& device,
                                  const Alert& alert,
                                  WallTime received,
                                  const std::string& node);

/// What a reader of a reply topic needs: the outcome of one command, terminal, rejection or
/// state. For firmware-sim and control.
struct Outcome {
    std::optional<std::string> id;
    std::optional<std::string> device;
    std::string state;
    std::optional<std::string> status;
    std::optional<JsonText> data;
    std::optional<ErrorDetail> error;
    std::optional<std::uint64_t> attempt;
    std::optional<WallTime> time;
    std::optional<std::uint64_t> seq;
};

[[nodiscard]] tl::expected<Outcome, std::string> parse_outcome(std::string_view payload);

}  // namespace dm::proto
