#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <memory>

namespace dm::broker {

/// MQTT 5 over Paho, with its own reconnect (full jitter) and re-subscription on every connect.
[[nodiscard]] std::unique_ptr<Broker> make_mqtt_broker(BrokerSettings settings);

}  // namespace dm::broker
