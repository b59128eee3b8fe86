#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/dispatcher.hpp"
#include "protocol/topics.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dm::relay {

/// `{id}` on the cancel topic.
struct Cancel {
    core::CommandKey key;
    core::ReplyTo reply_to;
};

/// An input that gets one rejection and goes no further.
struct RefusedInput {
    std::optional<std::string> id;
    std::optional<proto::DeviceId> device;  ///< absent: to `replies/_invalid`
    proto::Rejection code;
    std::string message;
    core::ReplyTo reply_to;  ///< its topic only if that may be published to
};

/// An input that is only counted, under this word.
struct IgnoredInput {
    std::string_view why;
};

using Intake = std::variant<core::Submission, Cancel, RefusedInput, IgnoredInput>;

/// Longer `traceparent` and `operator` properties are left out: the former travels in every answer,
/// which must stay below what brokers accept. (A traceparent has 55 bytes, W3C Trace Context 3.2.)
inline constexpr std::size_t kMaxUserPropertyBytes = 256;

/// Reads one publish on an input topic: nothing that is wrong with it gets further than here, and
/// no topic that the broker would cut us off for is ever published to. Pure.
///
/// `allowed`: filter that Response Topics must match; empty: any.
[[nodiscard]] Intake take_in(const broker::InboundMessage& message,
                             const proto::Topics& topics,
                             std::string_view allowed);

}  // namespace dm::relay
