#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/codes.hpp"
#include "protocol/frames.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What travels between the shards and the relay, as values.
namespace dm::core {

// ---- shard → relay ----

/// A device has proven its identity and the 101 is out; it waits for its welcome.
struct SessionOpened {
    std::string remote;
    std::vector<proto::Name> groups;
    /// When it was admitted, before its 101: two sessions of a device report in any order, because
    /// their shards are different threads.
    Instant admitted{};
};

struct SessionClosed {
    proto::CloseCode code;
    std::string reason;
};

/// The answer to each SendCommand, exactly once, before anything that the device says about it.
/// `ok` false: nothing left the server (session gone, or too many unsent bytes).
struct CommandSent {
    std::string id;
    bool ok;
    Moment at;
};

/// Unsent bytes are down again after a CommandSent with `ok` false.
struct SessionWritable {};

/// A decoded frame that concerns more than the session itself.
using ForwardedFrame = std::variant<proto::Hello,
                                    proto::Ack,
                                    proto::Reply,
                                    proto::Telemetry,
                                    proto::Alert,
                                    proto::Subscribe,
                                    proto::Unsubscribe>;

/// Whether it is no loss when it is not taken, and nobody repeats it.
[[nodiscard]] inline bool is_expendable(const ForwardedFrame& frame) {
    return std::holds_alternative<proto::Telemetry>(frame) ||
           std::holds_alternative<proto::Alert>(frame);
}

using ReportBody =
    std::variant<SessionOpened, SessionClosed, CommandSent, SessionWritable, ForwardedFrame>;

struct Report {
    SessionRef from;
    proto::DeviceId device;
    ReportBody body;
};

// ---- relay → shard ----

/// The session owns its device from now on: greet it.
struct Welcome {
    std::uint64_t epoch;
};

struct SendCommand {
    proto::DeviceId device;  ///< for the answer when the session is gone
    proto::CommandFrame frame;
};

struct AcknowledgeReply {
    proto::ReplyAck ack;
};

/// What the relay found wrong with a frame.
struct RefuseFrame {
    proto::ErrorFrame error;
};

struct CloseSession {
    proto::CloseCode code;
    std::optional<std::chrono::milliseconds> retry_after;
};

using OrderBody = std::variant<Welcome, SendCommand, AcknowledgeReply, RefuseFrame, CloseSession>;

struct Order {
    SessionRef to;
    OrderBody body;
};

/// One message for many sessions of a shard, each at most once.
struct Delivery {
    std::uint64_t number = 0;  ///< of the answer, Delivered; 0: none is wanted
    std::shared_ptr<const proto::StreamMessage> message;
    std::vector<std::uint64_t> sessions;
};

/// A delivery has been handed to the connections of those who read fast enough.
struct Delivered {
    std::uint64_t number;
    std::size_t sent;
};

}  // namespace dm::core
