#pragma once

#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/session_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::core {

/// Where an unfinished command is between the store and the device.
enum class Stage {
    storing,    ///< not accepted yet: the commit is under way (see `stored`)
    waiting,    ///< queued: offline, behind the window, or to be sent again
    marking,    ///< at_most_once: that it is about to be sent is being stored
    sending,    ///< handed to the session, which has not confirmed yet
    sent,       ///< on its way; no ack, no reply
    delivered,  ///< acknowledged by the device
    ending,     ///< terminal state decided, its commit is under way
};

/// Beyond it a repetition is answered on the status topic only.
inline constexpr std::size_t kMaxRepeaters = 16;
/// Beyond it a repeated reply is not acknowledged again; its first one is.
inline constexpr std::size_t kMaxHeldAcks = 8;

struct Pending {
    explicit Pending(Command accepted)
        : command(std::move(accepted)), step(step_after(0, command.accepted_at.wall)) {}

    Command command;
    Stage stage = Stage::storing;
    std::uint64_t step;             ///< the last one of its history; of a restored one the first
    SessionRef sent_to;             ///< of the last sending
    std::optional<Moment> sent_at;  ///< of the first sending
    bool ended_by_reply = false;
    bool restored = false;  ///< an earlier process may have sent it without a mark
    bool marked = false;    ///< at_most_once: it is stored that this may have been sent
    bool stored = false;    ///< accepted: what is not may not be told
    /// Replies that wait for the commit of the end; at most kMaxHeldAcks.
    std::vector<std::pair<SessionRef, proto::ReplyResult>> acks;
    /// Other publishes of the same id that came before it was stored; at most kMaxRepeaters.
    std::vector<ReplyTo> repeaters;
};

/// The unfinished commands of one device, in order of acceptance, and the session they go to.
/// At most commands.queue_per_device + window of them, so plain scans are the fastest thing.
struct Mailbox {
    std::vector<Pending> commands;
    std::optional<SessionRef> session;
    bool blocked = false;  ///< a command came back because the link was full: nothing goes out
    bool drained = false;  ///< while blocked: writable again since the last one came back

    [[nodiscard]] Pending* find(std::string_view id);
    [[nodiscard]] const Pending* find(std::string_view id) const;
    [[nodiscard]] Pending* find(std::uint64_t number);

    /// Commands that occupy the window: marking, sending, sent or delivered.
    [[nodiscard]] std::size_t in_flight() const;

    /// Whether the fate of a command that was handed to a session is still unknown.
    [[nodiscard]] bool is_sending() const;

    /// Commands that wait for a slot or a session, those still storing included.
    [[nodiscard]] std::size_t waiting() const;

    void erase(std::uint64_t number);
};

}  // namespace dm::core
