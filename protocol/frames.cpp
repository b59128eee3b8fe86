#include "protocol/frames.hpp"

#include <array>

namespace dm::proto {

namespace {

// In the order of the variants' alternatives.
constexpr std::array<std::string_view, std::variant_size_v<DeviceFrame>> kDeviceTypes{"hello",
                                                                                      "heartbeat",
                                                                                      "ack",
                                                                                      "reply",
                                                                                      "telemetry",
                                                                                      "alert",
                                                                                      "subscribe",
                                                                                      "unsubscribe",
                                                                                      "token"};
constexpr std::array<std::string_view, std::variant_size_v<ServerFrame>> kServerTypes{
    "welcome", "command", "reply_ack", "message", "heartbeat", "token_ok", "reconnect", "error"};

}  // namespace

std::string_view word(Severity severity) {
    switch (severity) {
        case Severity::info:
            return "info";
        case Severity::warning:
            return "warning";
        case Severity::critical:
            return "critical";
    }
    return "info";
}

std::optional<Severity> parse_severity(std::string_view text) {
    for (const Severity severity : {Severity::info, Severity::warning, Severity::critical}) {
        if (text == word(severity)) {
            return severity;
        }
    }
    return std::nullopt;
}

std::string_view type_of(const DeviceFrame& frame) {
    return kDeviceTypes.at(frame.index());
}

std::string_view type_of(const ServerFrame& frame) {
    return kServerTypes.at(frame.index());
}

}  // namespace dm::proto
