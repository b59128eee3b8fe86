#pragma once

#include "device-mgmt/core/command.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dm::store {

/// The last session of a device before.
struct PreviousSession {
    std::string node;
    std::uint64_t epoch = 0;
    std::string remote;
    bool over = false;  ///< it had ended by itself
};

/// The device is this node's, with a new session.
struct Attached {
    std::uint64_t epoch = 0;  ///< max(last + 1, Unix ms of the store's clock)
    /// False: another process owned it, or none did. What this node still holds of it is void.
    bool owned_before = false;
    /// Unless owned_before; in order of acceptance. `number` counts acceptances of all nodes.
    std::vector<core::Command> unfinished;
    std::optional<PreviousSession> previous;  ///< whoever's, over or not
    /// The other node that owned it; not always the one of the previous session.
    std::optional<std::string> owner_before = {};
};

/// Too many take-overs lately: the session that is there keeps the device.
struct Duel {
    std::chrono::milliseconds retry_after{0};
    PreviousSession owner;
};

/// The directory is away, or too much waits for it: try again.
struct NotNow {};

using AttachResult = std::variant<Attached, Duel, NotNow>;

/// The device is this node's, now or already.
struct Owned {
    bool owned_before = false;
    std::vector<core::Command> unfinished;  ///< in order of acceptance, also if owned_before
};

/// Another live node owns it.
struct Elsewhere {
    std::string node;
};

using OwnResult = std::variant<Owned, Elsewhere>;

/// What a process that died has left of one device; this node owns it from now on.
struct Adopted {
    proto::DeviceId device;
    std::vector<core::Command> unfinished;
    /// The session that ended with that process and has no successor.
    std::optional<PreviousSession> ended = {};
    /// False: what this node still holds of it, a session included, is void.
    bool owned_before = false;
};

/// How far this node may trust what it knows.
enum class Lease {
    held,
    doubtful,  ///< not renewed for kLeaseDoubt: send and accept nothing, keep sockets
    lapsed,    ///< held again, but it had run out: others may own what was ours. See `verify`
};

/// What one node writes of a device that another one owns has no effect: each device has one
/// owner, a process of a node, which holds its session and runs its commands, and every write of
/// a command, its marks and its end is refused to any other (`on_lost`). An owner is alive while
/// its lease is. Calls and answers as those of CommandStore, and in one order with its writes.
class SharedDirectory {
public:
    template <class What>
    using Answer = std::function<void(What)>;

    /// Events come on the relay's thread, in order with the answers.
    struct Events {
        /// A write was refused because another process owns the device.
        std::function<void(const proto::DeviceId&)> on_lost;
        std::function<void(Lease)> on_lease;
    };

    static constexpr std::chrono::seconds kLease{10};
    static constexpr std::chrono::seconds kLeaseRenewal{3};
    static constexpr std::chrono::seconds kLeaseDoubt{7};
    /// Take-overs of a device within kDuelWindow; the next is a duel. As core::Directory's.
    static constexpr std::size_t kMaxTakeovers = 5;
    static constexpr std::chrono::seconds kDuelWindow{60};
    /// Devices at once.
    static constexpr std::size_t kMaxAdopted = 100;

    virtual ~SharedDirectory() = default;

    /// Events of before are not told. On the relay's thread.
    virtual void listen(Events events) = 0;

    /// Until when, by this process's clock, the lease is in no doubt as far as is known. A process
    /// that hung sees by this that it did, before any event tells. Any thread.
    [[nodiscard]] virtual core::Instant trusted_until() const = 0;

    /// A session of this node takes the device, whoever owned it.
    virtual void attach(proto::DeviceId device,
                        std::string remote,
                        Answer<AttachResult> answer) = 0;

    /// The session with this epoch is over. The device stays with this node. Answers whether there
    /// is no later session anywhere.
    virtual void detach(proto::DeviceId device, std::uint64_t epoch, Answer<bool> was_last) = 0;

    /// Takes the device unless a live process of another node owns it.
    virtual void own(proto::DeviceId device, Answer<OwnResult> answer) = 0;

    /// Takes at most kMaxAdopted devices with unfinished commands or sessions from processes that
    /// died, an earlier one of this node included. The records of devices whose session ended with
    /// them say so (kNodeStopped). No device: nothing is left for now.
    virtual void adopt(Answer<std::vector<Adopted>> answer) = 0;

    /// Takes at most 500 kept messages of nodes that died, oldest first; their new numbers, of this
    /// node, follow `after` and all numbers it has used. One request at a time; until its answer is
    /// there the caller uses none of the next 500 itself.
    virtual void adopt_outbox(std::uint64_t after, Answer<std::vector<std::uint64_t>> answer) = 0;

    /// Of these devices those that another process owns by now. After a lapse.
    virtual void verify(std::vector<proto::DeviceId> devices,
                        Answer<std::vector<proto::DeviceId>> lost) = 0;
};

}  // namespace dm::store
