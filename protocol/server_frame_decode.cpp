#include "protocol/frame_decode.hpp"
#include "protocol/json_fields.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace dm::proto {

namespace {

constexpr std::uint64_t kMaxUint32 = std::numeric_limits<std::uint32_t>::max();

/// Epochs and durations fit a double exactly, so that any JSON library can read them.
constexpr std::uint64_t kMaxExact = (std::uint64_t{1} << 53U) - 1;

// What the server sends is bounded by the transport's message limit only.
constexpr std::size_t kAnyLength = SIZE_MAX;

// Each decoder reads one type of frame. What it gives is void if the reader has a problem.
using Decoded = std::optional<ServerFrame>;
using Decoder = Decoded (*)(FieldReader&);

std::uint32_t small(FieldReader& in, std::string_view name, std::uint64_t min) {
    return static_cast<std::uint32_t>(in.natural(name, min, kMaxUint32));
}

std::chrono::milliseconds duration(FieldReader& in, std::string_view name) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(in.natural(name, 0, kMaxExact)));
}

Decoded welcome(FieldReader& in) {
    auto device = in.device("device");
    if (!device) {
        return std::nullopt;
    }
    return Welcome{*std::move(device),
                   in.text("node", kAnyLength),
                   in.natural("epoch", 0, kMaxExact),
                   std::chrono::seconds(small(in, "heartbeat_s", 1)),
                   small(in, "max_message_bytes", 1),
                   in.time("time"),
                   in.time_if_any("expires_at")};
}

Decoded command(FieldReader& in) {
    return CommandFrame{in.reference("id"),
                        in.text("command", kAnyLength),
                        in.object("args"),
                        in.time("time"),
                        in.time("expires_at"),
                        duration(in, "expires_in_ms"),
                        small(in, "attempt", 1)};
}

Decoded reply_ack(FieldReader& in) {
    std::string id = in.reference("id");
    const auto result = parse_reply_result(in.text("result", kAnyLength));
    if (!result) {
        in.fail("result", "must be stored, duplicate, late or unknown");
        return std::nullopt;
    }
    return ReplyAck{std::move(id), *result};
}

Decoded message(FieldReader& in) {
    if (in.has("stream") == in.has("group")) {
        in.fail("stream", "or group must be there, and not both");
    }
    return StreamMessage{
        in.text_if_any("stream", kAnyLength), in.text_if_any("group", kAnyLength), in.json("data")};
}

Decoded heartbeat(FieldReader& in) {
    return HeartbeatAnswer{in.time("time")};
}

Decoded token_ok(FieldReader& in) {
    return TokenOk{in.time("expires_at")};
}

Decoded reconnect(FieldReader& in) {
    return Reconnect{in.text("reason", kAnyLength),
                     duration(in, "retry_after_ms"),
                     in.text_if_any("url", kAnyLength)};
}

Decoded error(FieldReader& in) {
    const auto code = parse_frame_error(in.text("code", kAnyLength));
    if (!code) {
        in.fail("code", "is not known");
        return std::nullopt;
    }
    return ErrorFrame{*code, in.text("message", kAnyLength), in.text_if_any("id", kAnyLength)};
}

Decoder decoder_of(std::string_view type) {
    static constexpr std::array<std::pair<std::string_view, Decoder>, 8> kDecoders{{
        {"welcome", welcome},
        {"command", command},
        {"reply_ack", reply_ack},
        {"message", message},
        {"heartbeat", heartbeat},
        {"token_ok", token_ok},
        {"reconnect", reconnect},
        {"error", error},
    }};
    const auto* const found = std::find_if(
        kDecoders.begin(), kDecoders.end(), [&](const auto& entry) { return entry.first == type; });
    return found == kDecoders.end() ? nullptr : found->second;
}

}  // namespace

tl::expected<ServerFrame, FrameProblem> decode_server_json(std::string_view text) {
    auto fields = read_object(text);
    if (!fields) {
        return tl::unexpected(
            FrameProblem{FrameError::bad_frame, std::move(fields.error().message), std::nullopt});
    }
    FieldReader in(*std::move(fields));
    auto id = in.id_for_message("id");
    const std::string type = in.text("type", kAnyLength);
    const Decoder decode = decoder_of(type);
    if (!in.problem() && decode == nullptr) {
        return tl::unexpected(
            FrameProblem{FrameError::unknown_type, "type is not known", std::move(id)});
    }
    Decoded frame = decode == nullptr ? std::nullopt : decode(in);
    if (in.problem() || !frame) {
        return tl::unexpected(
            FrameProblem{FrameError::bad_frame, in.problem().value_or(""), std::move(id)});
    }
    return *std::move(frame);
}

}  // namespace dm::proto
