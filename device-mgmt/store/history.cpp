#include "device-mgmt/store/history.hpp"

#include "protocol/json_writer.hpp"

namespace dm::store {

std::string history_step(proto::WallTime at,
                         proto::CommandState state,
                         std::uint32_t attempt,
                         std::string_view detail) {
    std::string step = "[" + std::to_string(to_ms(at)) + ",\"";
    step.append(proto::word(state)).append("\",").append(std::to_string(attempt));
    if (!detail.empty()) {
        step.push_back(',');
        proto::append_json_string(step, detail);
    }
    step.push_back(']');
    return step;
}

void append_steps(std::string& history, std::string_view steps) {
    if (!history.empty() && !steps.empty()) {
        history.push_back(',');
    }
    history.append(steps);
}

}  // namespace dm::store
