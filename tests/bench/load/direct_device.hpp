#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dm::bench {

// What devices would do without our server: connected straight to the broker, answering there.

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
