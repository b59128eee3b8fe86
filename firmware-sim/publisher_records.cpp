#include "firmware-sim/publisher_records.hpp"

namespace dm::sim {
namespace {

constexpr std::string_view kSource = "publisher";

}  // namespace

void PublisherRecords::submitting(const std::string& device,
                                  const proto::CommandRequest& request,
                                  bool repeated,
                                  Moment now) {
    if (!history_) {
        return;
    }
    auto line = History::line(kSource, "submitted", now);
    line.text("device", device)
        .text_if_any("id", request.id)
        .boolean("repeated", repeated)
        .text("command", request.command)
        .json("args", request.args)
        .number("timeout_s", request.timeout)
        .number("ttl_s", request.ttl);
    history_->write(line);
}

void PublisherRecords::received(const broker::InboundMessage& message, Moment now) {
    if (!history_) {
        return;
    }
    auto line = History::line(kSource, "message", now);
    line.text("topic", message.topic);
    for (const auto& [name, value] : message.user_properties) {
        if (name == "message_id") {
            line.text("message_id", value);
        } else if (name == "type") {
            line.text("type", value);
        }
    }
    line.text_if_any("correlation", message.correlation).text("payload", message.payload);
    history_->write(line);
}

void PublisherRecords::connected(bool session_present, Moment now) {
    if (!history_) {
        return;
    }
    auto line = History::line(kSource, "connected", now);
    history_->write(line.boolean("session_present", session_present));
}

}  // namespace dm::sim
