#include "protocol/codes.hpp"

#include "protocol/ids.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace dm::proto {

namespace {

constexpr std::string_view kRetryAfter = " retry_after_ms=";

/// What a close frame can hold: 125 bytes of payload less the code (RFC 6455 section 5.5).
constexpr std::size_t kMaxReasonBytes = 123;

// In the order of the enumerations.
constexpr std::array<std::string_view, 9> kRejections{"bad_request",
                                                      "too_large",
                                                      "queue_full",
                                                      "device_offline",
                                                      "busy",
                                                      "id_conflict",
                                                      "bad_response_topic",
                                                      "unknown_group",
                                                      "forbidden"};
constexpr std::array<std::string_view, 5> kFrameErrors{
    "bad_frame", "unknown_type", "token_rejected", "not_allowed", "rate_limited"};
constexpr std::array<std::string_view, 9> kStates{"accepted",
                                                  "queued",
                                                  "sent",
                                                  "delivered",
                                                  "succeeded",
                                                  "failed",
                                                  "timed_out",
                                                  "expired",
                                                  "cancelled"};
constexpr std::array<std::string_view, 4> kReplyResults{"stored", "duplicate", "late", "unknown"};

template <std::size_t N, typename Enum>
std::string_view at(const std::array<std::string_view, N>& words, Enum value) {
    return words.at(static_cast<std::size_t>(value));
}

template <typename Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& words, std::string_view text) {
    for (std::size_t i = 0; i < N; ++i) {
        if (words.at(i) == text) {
            return static_cast<Enum>(i);
        }
    }
    return std::nullopt;
}

/// `text` cut to at most `max` bytes, never inside a character.
std::string_view cut(std::string_view text, std::size_t max) {
    std::size_t end = 0;
    while (end < text.size()) {
        const std::size_t length = utf8_sequence_at(text, end);
        if (length == 0 || end + length > max) {
            break;
        }
        end += length;
    }
    return text.substr(0, end);
}

}  // namespace

std::string_view word(Rejection rejection) {
    return at(kRejections, rejection);
}

std::optional<Rejection> parse_rejection(std::string_view text) {
    return find<Rejection>(kRejections, text);
}

std::string_view word(FrameError error) {
    return at(kFrameErrors, error);
}

std::optional<FrameError> parse_frame_error(std::string_view text) {
    return find<FrameError>(kFrameErrors, text);
}

std::string_view word(CloseCode code) {
    switch (code) {
        case CloseCode::normal:
            return "normal";
        case CloseCode::going_away:
            return "going_away";
        case CloseCode::protocol_error:
            return "protocol_error";
        case CloseCode::unacceptable:
            return "unacceptable";
        case CloseCode::no_status:
            return "no_status";
        case CloseCode::abnormal:
            return "abnormal";
        case CloseCode::bad_payload:
            return "bad_payload";
        case CloseCode::policy:
            return "policy";
        case CloseCode::too_big:
            return "too_big";
        case CloseCode::internal_error:
            return "internal_error";
        case CloseCode::drain:
            return "drain";
        case CloseCode::overloaded:
            return "overloaded";
        case CloseCode::replaced:
            return "replaced";
        case CloseCode::heartbeat_missed:
            return "heartbeat_missed";
        case CloseCode::token_expired:
            return "token_expired";
        case CloseCode::session_refresh:
            return "session_refresh";
        case CloseCode::rate_limit:
            return "rate_limit";
        case CloseCode::too_slow:
            return "too_slow";
        case CloseCode::owned_elsewhere:
            return "owned_elsewhere";
    }
    return "other";  // a peer may close with any code
}

std::string close_reason(std::string_view word,
                         std::optional<std::chrono::milliseconds> retry_after) {
    std::string suffix;
    if (retry_after) {
        suffix = std::string(kRetryAfter) + std::to_string(retry_after->count());
    }
    return std::string(cut(word, kMaxReasonBytes - suffix.size())) + suffix;
}

std::optional<std::chrono::milliseconds> retry_after(std::string_view reason) {
    const std::size_t found = reason.rfind(kRetryAfter);
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view digits = reason.substr(found + kRetryAfter.size());
    std::uint32_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(value);
}

std::string_view word(CommandState state) {
    return at(kStates, state);
}

std::optional<CommandState> parse_command_state(std::string_view text) {
    return find<CommandState>(kStates, text);
}

std::string_view word(ReplyResult result) {
    return at(kReplyResults, result);
}

std::optional<ReplyResult> parse_reply_result(std::string_view text) {
    return find<ReplyResult>(kReplyResults, text);
}

}  // namespace dm::proto
