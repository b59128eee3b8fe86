#pragma once

#include "device-mgmt/core/dispatcher.hpp"
#include "device-mgmt/store/ingress_record.hpp"
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
    std::string message_id;  ///< of a rejection of it
};

/// An input that gets one rejection and goes no further.
struct RefusedInput {
    std::optional<std::string> id;
    std::optional<proto::DeviceId> device;  ///< absent: to `replies/_invalid`
    proto::Rejection code;
    std::string message;
    core::ReplyTo reply_to;  ///< its topic only if that may be published to
    std::string message_id;  ///< of the rejection
};

/// An input that is only counted, under this word.
struct IgnoredInput {
    std::string_view why;
};

using Intake = std::variant<core::Submission, Cancel, RefusedInput, IgnoredInput>;

/// Whether take_in looks at user properties of this name.
[[nodiscard]] bool is_read_by_intake(std::string_view user_property);

/// Reads one publish on an input topic: nothing that is wrong with it gets further than here, and
/// no topic that the broker would cut us off for is ever published to. Pure.
///
/// What it makes of a record is the same however often the record is read: commands without an id
/// get its fallback id, rejections that as their message id. `allowed`: filter that Response Topics
/// must match; empty: any.
[[nodiscard]] Intake take_in(const store::IngressRecord& message,
                             const proto::Topics& topics,
                             std::string_view allowed);

}  // namespace dm::relay
