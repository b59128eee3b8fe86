#include "protocol/json_writer.hpp"
#include "protocol/operator_messages.hpp"

#include <string>

namespace dm::proto {

namespace {

std::string error_object(std::string_view code, std::string_view message) {
    JsonWriter out;
    out.text("code", code).text("message", message);
    return out.take();
}

/// `time` is the device's if it gave one; then `received` tells the server's.
void write_times(JsonWriter& out, const std::optional<WallTime>& device_time, WallTime received) {
    out.time("time", device_time.value_or(received));
    if (device_time) {
        out.time("received", received);
    }
}

}  // namespace

std::string to_json(const Terminal& terminal) {
    JsonWriter out;
    out.text("id", terminal.id)
        .text("device", terminal.device.str())
        .text("command", terminal.command)
        .text("state", word(terminal.state))
        .text_if_any("status", terminal.status)
        .json_if_any("data", terminal.data)
        .time("time", terminal.time)
        .text("node", terminal.node)
        .number("attempts", terminal.attempts)
        .number("latency_ms", terminal.latency);
    if (terminal.error) {
        out.json("error", error_object(terminal.error->code, terminal.error->message));
    }
    return out.take();
}

std::string to_json(const RejectionMessage& rejection) {
    JsonWriter out;
    out.text_or_null("id", rejection.id)
        .text_or_null("device", rejection.device)
        .text("state", "rejected")
        .time("time", rejection.time)
        .text("node", rejection.node)
        .json("error", error_object(word(rejection.code), rejection.message));
    return out.take();
}

std::string to_json(const Status& status) {
    JsonWriter out;
    out.text("id", status.id)
        .text("device", status.device.str())
        .text("state", status.state)
        .number("attempt", status.attempt)
        .text_if_any("status", status.status)
        .json_if_any("data", status.data)
        .time("time", status.time)
        .text("node", status.node);
    if (status.seq) {
        out.number("seq", *status.seq);
    }
    return out.take();
}

std::string to_json(const Presence& presence) {
    JsonWriter out;
    out.text("device", presence.device.str())
        .boolean("online", presence.online)
        .number("epoch", presence.epoch)
        .text("node", presence.node)
        .time("since", presence.since)
        .text("reason", presence.reason)
        .text_if_any("model", presence.model)
        .text_if_any("firmware", presence.firmware);
    return out.take();
}

std::string to_json(const NodeInfo& node) {
    JsonWriter out;
    out.text("node", node.node)
        .text("state", node.state)
        .number("sessions", node.sessions)
        .number("capacity", node.capacity)
        .text("url", node.url)
        .text("version", node.version)
        .text("boot", node.boot);
    return out.take();
}

std::string to_json(const DeviceId& device,
                    const Telemetry& telemetry,
                    WallTime received,
                    const std::string& node) {
    JsonWriter out;
    out.text("device", device.str())
        .text("channel", telemetry.channel.str())
        .json("data", telemetry.data);
    write_times(out, telemetry.time, received);
    out.text("node", node);
    return out.take();
}

std::string to_json(const DeviceId& device,
                    const Alert& alert,
                    WallTime received,
                    const std::string& node) {
    JsonWriter out;
    out.text("device", device.str())
        .text("severity", word(alert.severity))
        .text("message", alert.message)
        .json_if_any("data", alert.data);
    write_times(out, alert.time, received);
    out.text("node", node);
    return out.take();
}

}  // namespace dm::proto
