#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/operator_messages.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dm::core {

/// A command's identity: ids are unique per device only.
struct CommandKey {
    proto::DeviceId device;
    std::string id;

    friend bool operator==(const CommandKey& a, const CommandKey& b) {
        return a.id == b.id && a.device == b.device;
    }
};

/// Where answers to one publish go.
struct ReplyTo {
    std::optional<std::string> topic;  ///< a validated Response Topic; absent: the reply topic
    std::optional<std::string> correlation;
};

/// What the content of an id is compared by when it comes again.
struct CommandContent {
    std::string command;
    proto::JsonText args;
    std::chrono::seconds timeout;
    std::chrono::seconds ttl;

    /// A zero ttl: to be sent now, to who is connected, or not at all.
    [[nodiscard]] bool is_immediate() const { return ttl == std::chrono::seconds::zero(); }
};

/// An accepted command: what is stored. The clocks are fixed by `accepted_at` and, at the first
/// sending, `reply_by`; the monotonic twins exist while the process lives.
struct Command {
    CommandKey key;
    CommandContent content;
    proto::Delivery delivery = proto::Delivery::at_least_once;
    bool report_states = false;
    ReplyTo reply_to;
    std::optional<std::string> traceparent;
    std::optional<std::string> operator_name;

    std::uint64_t number = 0;  ///< order of acceptance, unique in this process
    Moment accepted_at;
    Moment send_by;
    std::optional<Moment> reply_by;
    proto::CommandState state = proto::CommandState::accepted;
    std::uint32_t attempts = 0;

    /// Its one deadline (contract, "Clocks"): `send_by` until it has left for the first time,
    /// `reply_by` from then on, wherever it is.
    [[nodiscard]] const Moment& deadline() const { return reply_by ? *reply_by : send_by; }
};

/// The number of a step at `at` in a command's history, behind the step `last` (0: the first one).
/// It rises with every step, and across restarts, because the time that passes is part of it.
[[nodiscard]] inline std::uint64_t step_after(std::uint64_t last, proto::WallTime at) {
    const auto ms = std::max<std::int64_t>(0, at.time_since_epoch().count());
    return std::max(last + 1, static_cast<std::uint64_t>(ms));
}

/// How a command ended: kept for `store.keep_finished_h` to answer repetitions.
struct FinishedCommand {
    CommandKey key;
    CommandContent content;
    proto::CommandState state;
    bool by_reply;           ///< the device's reply ended it
    std::string payload;     ///< the terminal message, byte for byte
    std::string message_id;  ///< user property of every publication of it
    std::optional<std::string> traceparent;
    proto::WallTime finished_at;
};

}  // namespace dm::core

template <>
struct std::hash<dm::core::CommandKey> {
    std::size_t operator()(const dm::core::CommandKey& key) const noexcept {
        const std::size_t device = std::hash<dm::proto::DeviceId>{}(key.device);
        return device ^ (std::hash<std::string>{}(key.id) + 0x9e3779b97f4a7c15ULL + (device << 6U) +
                         (device >> 2U));
    }
};
