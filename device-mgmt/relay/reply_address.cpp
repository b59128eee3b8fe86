#include "device-mgmt/relay/reply_address.hpp"

#include "protocol/operator_messages.hpp"

namespace dm::relay {

ReplyAddress reply_address(const std::optional<std::string>& response_topic,
                           const std::optional<std::string>& correlation,
                           const proto::Topics& topics,
                           std::string_view allowed) {
    ReplyAddress address;
    if (response_topic) {
        if (auto checked = topics.check_response_topic(*response_topic, allowed)) {
            address.reply_to.topic = response_topic;
        } else {
            address.bad_topic = std::move(checked.error().message);
        }
    }
    if (correlation) {
        address.correlation_too_long = correlation->size() > proto::kMaxCorrelationBytes;
        if (!address.correlation_too_long) {
            address.reply_to.correlation = correlation;
        }
    }
    return address;
}

std::optional<std::string> user_property(
    const std::vector<std::pair<std::string, std::string>>& properties, std::string_view name) {
    for (const auto& [key, value] : properties) {
        if (key == name && value.size() <= kMaxUserPropertyBytes) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace dm::relay
