#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dm::bench {

// Devices that answer a command at once: connected to our server, or, as they would be without it,
// straight to the broker.

/// The `reply` to a frame of our server; empty: it is no command.
[[nodiscard]] std::optional<std::string> device_answer(std::string_view frame);

/// The terminal message for a command's payload: its `id` and nothing to wait for.
[[nodiscard]] std::string terminal_message(std::string_view command);

/// MQTT 5 SUBSCRIBE to `filter` at QoS 1.
[[nodiscard]] std::string mqtt_subscribe(std::string_view filter);

/// For a PUBLISH of a command at QoS 1: PUBACK and the reply's PUBLISH to `topic`, as two packets.
struct MqttAnswer {
    std::string acknowledgement;
    std::string reply;
};

/// Empty: it is no PUBLISH at QoS 1.
[[nodiscard]] std::optional<MqttAnswer> mqtt_answer(std::string_view packet,
                                                    std::string_view topic);

}  // namespace dm::bench
