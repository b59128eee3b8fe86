#pragma once

#include "protocol/frames.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace dm::sim {

/// How the devices of one group behave.
struct Profile {
    std::string name = "devices";
    std::string model = "mixed";  ///< one of kModels, or `mixed`: each in turn
    std::string firmware = "1.0.0";
    std::map<std::string, std::string> labels;
    std::vector<proto::StreamName> streams;             ///< subscribed after every welcome
    std::chrono::milliseconds telemetry_period{60000};  ///< ± 20 %; 0: none
    double alert_probability = 0.01;                    ///< with each reading
    std::chrono::milliseconds reply_delay_min{0};
    std::chrono::milliseconds reply_delay_max{0};
    double reply_loss = 0;         ///< the reply is not sent in the session that asked for it
    double error_probability = 0;  ///< the command fails for no reason of the operator's
    bool ack = true;               ///< `ack` as soon as a command arrives
};

}  // namespace dm::sim
