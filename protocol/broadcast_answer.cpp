#include "protocol/broadcast_answer.hpp"

#include "protocol/json_writer.hpp"

namespace dm::proto {

std::string to_json(const BroadcastAddressed& answer) {
    std::string devices = "[";
    for (const DeviceId& device : answer.devices) {
        devices += devices.size() > 1 ? "," : "";
        append_json_string(devices, device.str());
    }
    devices += "]";
    JsonWriter out;
    out.text("id", answer.id)
        .text("group", answer.group.str())
        .text("state", "addressed")
        .text("node", answer.node)
        .time("time", answer.time)
        .number("addressed", answer.addressed)
        .number("part", answer.part)
        .number("parts", answer.parts)
        .json("devices", devices);
    return out.take();
}

std::string to_json(const BroadcastAccepted& answer) {
    JsonWriter out;
    out.text("id", answer.id)
        .text("group", answer.group.str())
        .text("state", "accepted")
        .text("node", answer.node)
        .time("time", answer.time)
        .number("addressed", answer.addressed)
        .number("accepted", answer.accepted)
        .number("rejected", answer.rejected);
    return out.take();
}

std::string to_json(const BroadcastSent& answer) {
    JsonWriter out;
    out.text("group", answer.group.str())
        .text("state", "sent")
        .text("node", answer.node)
        .time("time", answer.time)
        .number("addressed", answer.addressed)
        .number("sent", answer.sent);
    return out.take();
}

}  // namespace dm::proto
