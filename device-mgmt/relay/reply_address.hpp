#pragma once

#include "device-mgmt/core/command.hpp"
#include "protocol/topics.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::relay {

/// Where answers to a publish may go, and what is wrong with where they were asked to go.
struct ReplyAddress {
    core::ReplyTo reply_to;  ///< with what is right
    std::optional<std::string> bad_topic;
    bool correlation_too_long = false;
};

/// `allowed`: filter that Response Topics must match; empty: any.
[[nodiscard]] ReplyAddress reply_address(const std::optional<std::string>& response_topic,
                                         const std::optional<std::string>& correlation,
                                         const proto::Topics& topics,
                                         std::string_view allowed);

/// Longer `traceparent` and `operator` properties are left out: the former travels in every answer,
/// which must stay below what brokers accept. (A traceparent has 55 bytes, W3C Trace Context 3.2.)
inline constexpr std::size_t kMaxUserPropertyBytes = 256;

[[nodiscard]] std::optional<std::string> user_property(
    const std::vector<std::pair<std::string, std::string>>& properties, std::string_view name);

}  // namespace dm::relay
