#include "protocol/frame_codec.hpp"
#include "protocol/json_to_cbor.hpp"
#include "protocol/json_writer.hpp"

#include <utility>
#include <variant>

namespace dm::proto {

namespace {

void write(JsonWriter& out, const Hello& frame) {
    out.text_if_any("model", frame.model)
        .text_if_any("firmware", frame.firmware)
        .json_if_any("labels", frame.labels);
}

void write(JsonWriter& /*out*/, const Heartbeat& /*frame*/) {}

void write(JsonWriter& out, const Ack& frame) {
    out.text("id", frame.id);
}

void write(JsonWriter& out, const Reply& frame) {
    out.text("id", frame.id)
        .text("status", frame.status)
        .json_if_any("data", frame.data)
        .time_if_any("time", frame.time);
    if (frame.attempt) {
        out.number("attempt", *frame.attempt);
    }
}

void write(JsonWriter& out, const Telemetry& frame) {
    out.text("channel", frame.channel.str())
        .json("data", frame.data)
        .time_if_any("time", frame.time);
}

void write(JsonWriter& out, const Alert& frame) {
    out.text("severity", word(frame.severity))
        .text("message", frame.message)
        .json_if_any("data", frame.data)
        .time_if_any("time", frame.time);
}

void write_streams(JsonWriter& out, const std::vector<StreamName>& streams) {
    std::string array = "[";
    for (const StreamName& stream : streams) {
        if (array.size() > 1) {
            array += ',';
        }
        append_json_string(array, (stream.is_private ? "private." : "public.") + stream.name.str());
    }
    array += ']';
    out.json("streams", array);
}

void write(JsonWriter& out, const Subscribe& frame) {
    write_streams(out, frame.streams);
}

void write(JsonWriter& out, const Unsubscribe& frame) {
    write_streams(out, frame.streams);
}

void write(JsonWriter& out, const Token& frame) {
    out.text("jwt", frame.jwt);
}

void write(JsonWriter& out, const Welcome& frame) {
    out.text("device", frame.device.str())
        .text("node", frame.node)
        .number("epoch", frame.epoch)
        .number("heartbeat_s", frame.heartbeat)
        .number("max_message_bytes", frame.max_message_bytes)
        .time("time", frame.time)
        .time_if_any("expires_at", frame.expires_at);
}

void write(JsonWriter& out, const CommandFrame& frame) {
    out.text("id", frame.id)
        .text("command", frame.command)
        .json("args", frame.args)
        .time("time", frame.time)
        .time("expires_at", frame.expires_at)
        .number("expires_in_ms", frame.expires_in)
        .number("attempt", frame.attempt);
}

void write(JsonWriter& out, const ReplyAck& frame) {
    out.text("id", frame.id).text("result", word(frame.result));
}

void write(JsonWriter& out, const StreamMessage& frame) {
    out.text_if_any("stream", frame.stream)
        .text_if_any("group", frame.group)
        .json("data", frame.data);
}

void write(JsonWriter& out, const HeartbeatAnswer& frame) {
    out.time("time", frame.time);
}

void write(JsonWriter& out, const TokenOk& frame) {
    out.time("expires_at", frame.expires_at);
}

void write(JsonWriter& out, const Reconnect& frame) {
    out.text("reason", frame.reason)
        .number("retry_after_ms", frame.retry_after)
        .text_if_any("url", frame.url);
}

void write(JsonWriter& out, const ErrorFrame& frame) {
    out.text("code", word(frame.code)).text("message", frame.message).text_if_any("id", frame.id);
}

template <typename Frame>
std::string encode_frame(Format format, const Frame& frame) {
    JsonWriter out;
    out.text("type", type_of(frame));
    std::visit([&out](const auto& alternative) { write(out, alternative); }, frame);
    std::string text = out.take();
    return format == Format::json ? std::move(text) : json_to_cbor(text);
}

}  // namespace

std::string encode(Format format, const ServerFrame& frame) {
    return encode_frame(format, frame);
}

std::string encode(Format format, const DeviceFrame& frame) {
    return encode_frame(format, frame);
}

}  // namespace dm::proto
