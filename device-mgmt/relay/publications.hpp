#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/directory.hpp"
#include "device-mgmt/core/effects.hpp"
#include "device-mgmt/relay/intake.hpp"
#include "device-mgmt/relay/transient_intake.hpp"
#include "device-mgmt/store/command_store.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/topics.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace dm::relay {

/// A message for the outbox, and where it goes once when the broker refuses its first topic.
struct Publication {
    broker::OutboundMessage message;
    std::optional<std::string> fallback_topic;
};

/// The same as a row of the store's outbox, and back. `key`: of the command it tells of.
[[nodiscard]] store::OutboxRow to_row(const Publication& publication,
                                      std::uint64_t number,
                                      std::optional<core::CommandKey> key);
[[nodiscard]] Publication to_publication(store::OutboxRow row);

/// Turns decisions into broker messages: topic, payload, properties, QoS. Pure.
class Publications {
public:
    Publications(proto::Topics topics, std::string node)
        : topics_(std::move(topics)), node_(std::move(node)) {}

    [[nodiscard]] const proto::Topics& topics() const { return topics_; }

    /// The stored bytes of an end, however often: QoS 1.
    [[nodiscard]] Publication terminal(const core::FinishedCommand& finished,
                                       const core::ReplyTo& reply_to) const;

    [[nodiscard]] Publication rejection(const RefusedInput& refused, proto::WallTime now) const;

    /// On the status topic; QoS 1 only if `durable`.
    [[nodiscard]] broker::OutboundMessage status(const core::PublishStatus& status) const;

    /// The same for an operator that asked for states; `reply_to` must have a topic.
    [[nodiscard]] broker::OutboundMessage state_to(const core::PublishStatus& status,
                                                   const core::ReplyTo& reply_to) const;

    /// An answer that is no command's: to the topic of `reply_to`, QoS 1.
    [[nodiscard]] static broker::OutboundMessage answer(std::string payload,
                                                        const core::ReplyTo& reply_to,
                                                        std::string type);

    /// Retained, QoS 1.
    [[nodiscard]] broker::OutboundMessage online(const proto::DeviceId& device,
                                                 const core::DirectoryEntry& entry) const;
    [[nodiscard]] broker::OutboundMessage offline(const proto::DeviceId& device,
                                                  const core::DirectoryEntry& entry,
                                                  std::string_view reason,
                                                  proto::WallTime now) const;

    [[nodiscard]] broker::OutboundMessage telemetry(const proto::DeviceId& device,
                                                    const proto::Telemetry& telemetry,
                                                    proto::WallTime now) const;
    [[nodiscard]] broker::OutboundMessage alert(const proto::DeviceId& device,
                                                const proto::Alert& alert,
                                                proto::WallTime now) const;

    /// A command for the node that owns the device, QoS 1; with the id that it has from now on.
    [[nodiscard]] Publication handed_over(const std::string& node,
                                          const core::Submission& submission) const;
    [[nodiscard]] Publication handed_over(const std::string& node, const Cancel& cancel) const;

    /// From this node to another one, QoS 1.
    [[nodiscard]] Publication word_to(const std::string& node, const NodeWord& word) const;

    /// Retained, QoS 1.
    [[nodiscard]] broker::OutboundMessage node(const proto::NodeInfo& info) const;

private:
    proto::Topics topics_;
    std::string node_;
};

}  // namespace dm::relay
