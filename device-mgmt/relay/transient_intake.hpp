#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/command_broadcasts.hpp"
#include "device-mgmt/relay/intake.hpp"
#include "device-mgmt/relay/queries.hpp"
#include "protocol/topics.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dm::relay {

/// `{data}` for the connected devices of a group.
struct GroupMessage {
    proto::Name group;
    proto::JsonText data;
    core::ReplyTo reply_to;
};

/// Close the session of a device, if it is still that of `epoch`.
struct Kick {
    proto::DeviceId device;
    std::uint64_t epoch = 0;
    core::ReplyTo reply_to;
};

/// Another node says that a session of its own has the device (`taken`), or, as the answer to that,
/// that it will say nothing more of earlier sessions.
struct NodeWord {
    bool taken = false;
    proto::DeviceId device;
    std::uint64_t epoch = 0;  ///< of the session that has it
    std::string node;         ///< who says so
};

/// A message of a stream; `user` for a private one.
struct StreamInput {
    std::optional<proto::DeviceId> user;
    proto::Name stream;
    proto::JsonText data;
};

using TransientInput = std::variant<Question,
                                    GroupMessage,
                                    core::CommandBroadcast,
                                    StreamInput,
                                    Kick,
                                    NodeWord,
                                    RefusedInput,
                                    IgnoredInput>;

/// Whether publishes of this kind are dealt with at once or not at all, and so are not kept in the
/// ingress log: a question whose asker is gone and a message for who is connected now are worth
/// nothing after a restart, and a broadcast is answered when its commands are stored.
[[nodiscard]] bool is_transient(proto::InputKind kind);

/// Reads one publish of such a kind; like take_in. A broadcast has no devices yet. `fallback_id`:
/// for a command without an id, and for what is refused.
[[nodiscard]] TransientInput take_in_transient(const broker::InboundMessage& message,
                                               const proto::Topics& topics,
                                               std::string_view allowed,
                                               std::string fallback_id);

}  // namespace dm::relay
