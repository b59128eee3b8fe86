#pragma once

#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/frames.hpp"
#include "protocol/operator_messages.hpp"

#include <optional>
#include <string>
#include <variant>

/// What the dispatcher wants done, as values in order. Whoever drives it carries them out.
namespace dm::core {

/// Make the command durable, then call `Dispatcher::stored`.
struct StoreAccepted {
    Command command;
};

/// Make the end durable together with the message that tells it, then call
/// `Dispatcher::stored_end`; publish only after that.
struct StoreFinished {
    CommandContent content;
    proto::Terminal terminal;
    bool by_reply = false;
    ReplyTo reply_to;
    std::optional<std::string> traceparent;
    std::optional<std::chrono::steady_clock::duration> reply_after;  ///< first sending → reply
};

/// A step on the way, so that after a restart `attempts` and `reply_by` are known; it forces no
/// commit of its own. With `awaited`: make it durable, then call `Dispatcher::marked`.
struct StoreMark {
    CommandKey key;
    proto::CommandState state;
    std::uint32_t attempts = 0;
    std::optional<proto::WallTime> reply_by;
    proto::WallTime at;
    std::string detail;  ///< for the history
    bool awaited = false;
};

struct SendFrame {
    SessionRef to;
    proto::DeviceId device;
    proto::CommandFrame frame;
};

struct AckReply {
    SessionRef to;
    proto::ReplyAck ack;
};

/// On the status topic, and to `also` when the operator asked for states.
struct PublishStatus {
    proto::Status status;
    bool durable = false;  ///< `accepted`: QoS 1; later states may be dropped under pressure
    std::optional<ReplyTo> also;
    std::optional<std::string> traceparent;
};

struct PublishRejection {
    std::optional<std::string> id;
    proto::DeviceId device;
    proto::Rejection code;
    std::string message;
    ReplyTo reply_to;
    std::string message_id;  ///< the submission's fallback id: the same if it comes again
};

/// A finished command was submitted again: the stored bytes once more.
struct RepeatTerminal {
    FinishedCommand finished;
    ReplyTo reply_to;
};

using Effect = std::variant<StoreAccepted,
                            StoreFinished,
                            StoreMark,
                            SendFrame,
                            AckReply,
                            PublishStatus,
                            PublishRejection,
                            RepeatTerminal>;

}  // namespace dm::core
