#pragma once

#include "protocol/codes.hpp"
#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The frames of `dm.v1.json` and `dm.v1.cbor`, as values. The codec turns them into bytes.
namespace dm::proto {

/// JSON text of one value that passes through unread: `args`, `data`, `labels`. Always valid JSON
/// (the codec has parsed it once); never empty where present.
using JsonText = std::string;

inline constexpr std::size_t kMaxStatusCharacters = 64;
inline constexpr std::size_t kMaxAlertMessageBytes = 1024;
inline constexpr std::size_t kMaxHelloFieldBytes = 128;
inline constexpr std::size_t kMaxLabelsBytes = 2048;
inline constexpr std::size_t kMaxStreamsPerFrame = 32;
inline constexpr std::size_t kMaxTokenBytes = 8192;

// ---- device → server ----

struct Hello {
    std::optional<std::string> model;
    std::optional<std::string> firmware;
    std::optional<JsonText> labels;  ///< an object whose values are strings
};

struct Heartbeat {};

struct Ack {
    std::string id;
};

struct Reply {
    std::string id;
    std::string status;  ///< 1–64 characters
    std::optional<JsonText> data;
    std::optional<WallTime> time;
    std::optional<std::uint32_t> attempt;
};

struct Telemetry {
    Name channel;
    JsonText data;
    std::optional<WallTime> time;
};

enum class Severity { info, warning, critical };

[[nodiscard]] std::string_view word(Severity severity);
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);

struct Alert {
    Severity severity;
    std::string message;
    std::optional<JsonText> data;
    std::optional<WallTime> time;
};

/// A stream as a device names it: `public.<s>` or `private.<s>`.
struct StreamName {
    bool is_private = false;
    Name name;
};

struct Subscribe {
    std::vector<StreamName> streams;
};

struct Unsubscribe {
    std::vector<StreamName> streams;
};

struct Token {
    std::string jwt;
};

using DeviceFrame =
    std::variant<Hello, Heartbeat, Ack, Reply, Telemetry, Alert, Subscribe, Unsubscribe, Token>;

/// The `type` of a frame as on the wire; also the metrics label.
[[nodiscard]] std::string_view type_of(const DeviceFrame& frame);

// ---- server → device ----

struct Welcome {
    DeviceId device;
    std::string node;
    std::uint64_t epoch;  ///< < 2^53
    std::chrono::seconds heartbeat;
    std::uint32_t max_message_bytes;
    WallTime time;
    std::optional<WallTime> expires_at;
};

struct CommandFrame {
    std::string id;
    std::string command;
    JsonText args;  ///< an object; `{}` when the operator gave none
    WallTime time;
    WallTime expires_at;
    std::chrono::milliseconds expires_in;
    std::uint32_t attempt;  ///< 1 for the first sending
};

struct ReplyAck {
    std::string id;
    ReplyResult result;
};

struct StreamMessage {
    std::optional<std::string> stream;  ///< exactly one of stream and group
    std::optional<std::string> group;
    JsonText data;
};

struct HeartbeatAnswer {
    WallTime time;
};

struct TokenOk {
    WallTime expires_at;
};

struct Reconnect {
    std::string reason;
    std::chrono::milliseconds retry_after;  ///< counted from the close
    std::optional<std::string> url;
};

struct ErrorFrame {
    FrameError code;
    std::string message;
    std::optional<std::string> id;
};

using ServerFrame = std::variant<Welcome,
                                 CommandFrame,
                                 ReplyAck,
                                 StreamMessage,
                                 HeartbeatAnswer,
                                 TokenOk,
                                 Reconnect,
                                 ErrorFrame>;

[[nodiscard]] std::string_view type_of(const ServerFrame& frame);

}  // namespace dm::proto
