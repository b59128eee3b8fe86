#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dm::proto {

/// Why a command is turned away before acceptance.
enum class Rejection {
    bad_request,
    too_large,
    queue_full,
    device_offline,
    busy,
    id_conflict,
    bad_response_topic,
    unknown_group,
    forbidden,
};

[[nodiscard]] std::string_view word(Rejection rejection);
[[nodiscard]] std::optional<Rejection> parse_rejection(std::string_view text);

/// Codes of `error` frames to a device.
enum class FrameError {
    bad_frame,       ///< no object, duplicate keys, too deep, a field missing or of the wrong kind
    unknown_type,    ///< `type` names no frame of this protocol
    token_rejected,  ///< in-band renewal refused; the old token stays valid
    not_allowed,     ///< e.g. a stream that this identity may not read
    rate_limited,    ///< the frame was not processed
};

[[nodiscard]] std::string_view word(FrameError error);
[[nodiscard]] std::optional<FrameError> parse_frame_error(std::string_view text);

/// WebSocket close codes we send or expect: RFC 6455 section 7.4.1 and our own 4000 range.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unacceptable = 1003,
    no_status = 1005,
    abnormal = 1006,
    bad_payload = 1007,
    policy = 1008,
    too_big = 1009,
    internal_error = 1011,
    drain = 1012,
    overloaded = 1013,
    replaced = 4001,
    heartbeat_missed = 4002,
    token_expired = 4003,
    session_refresh = 4004,
    rate_limit = 4005,
    too_slow = 4006,
    owned_elsewhere = 4007,
};

/// The reason word that goes with a code, also the `reason` label of metrics.
[[nodiscard]] std::string_view word(CloseCode code);

/// Close reason `<word>[ retry_after_ms=N]`; at most 123 bytes (RFC 6455 section 5.5).
[[nodiscard]] std::string close_reason(std::string_view word,
                                       std::optional<std::chrono::milliseconds> retry_after = {});

/// The `retry_after_ms` of a close reason, if it has one.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(std::string_view reason);

/// Where a command stands. Terminal are succeeded … cancelled.
enum class CommandState {
    accepted,
    queued,
    sent,
    delivered,
    succeeded,
    failed,
    timed_out,
    expired,
    cancelled,
};

[[nodiscard]] std::string_view word(CommandState state);
[[nodiscard]] std::optional<CommandState> parse_command_state(std::string_view text);

[[nodiscard]] constexpr bool is_terminal(CommandState state) {
    return state >= CommandState::succeeded;
}

/// What the server did with a device's reply.
enum class ReplyResult { stored, duplicate, late, unknown };

[[nodiscard]] std::string_view word(ReplyResult result);
[[nodiscard]] std::optional<ReplyResult> parse_reply_result(std::string_view text);

}  // namespace dm::proto
