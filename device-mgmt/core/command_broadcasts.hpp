#pragma once

#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/dispatcher.hpp"
#include "protocol/operator_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dm::core {

inline constexpr std::size_t kMaxCommandBroadcasts = 16;

/// Of `args`, times devices: each device's command has its own.
inline constexpr std::size_t kMaxBroadcastBytes = std::size_t{256} * 1024 * 1024;

/// A command for every device of a group.
struct CommandBroadcast {
    std::string id;
    proto::Name group;
    proto::CommandRequest request;
    ReplyTo reply_to;
    std::optional<std::string> traceparent;
    std::optional<std::string> operator_name;
    std::vector<proto::DeviceId> devices;
};

/// How a broadcast went, once each of its commands is stored or rejected.
struct FinishedBroadcast {
    std::string id;
    proto::Name group;
    ReplyTo reply_to;
    std::size_t addressed = 0;
    std::size_t rejected = 0;
};

/// The broadcasts under way: cuts each into submissions, a few at a time, so that other commands
/// and the devices' frames come in between, and knows when all of one are settled. No I/O; one
/// thread: the relay's.
class CommandBroadcasts {
public:
    /// Submissions handed out at once, and handed out and not settled, of all broadcasts.
    static constexpr std::size_t kSlice = 100;
    static constexpr std::size_t kMaxOpen = 1000;

    /// False, and not begun, when kMaxCommandBroadcasts are under way.
    [[nodiscard]] bool begin(CommandBroadcast broadcast);

    /// What to submit next; of the broadcasts in turn.
    [[nodiscard]] std::vector<Submission> take_slice();

    /// Whether take_slice would hand out something.
    [[nodiscard]] bool has_slice() const;

    /// The command with this key is stored, or was before. Nothing happens if it is of no
    /// broadcast.
    void stored(const CommandKey& key) { settle(key, false); }

    void rejected(const CommandKey& key) { settle(key, true); }

    [[nodiscard]] std::vector<FinishedBroadcast> take_finished();

    [[nodiscard]] std::size_t size() const { return runs_.size(); }

private:
    struct Run {
        CommandBroadcast broadcast;
        std::size_t next = 0;  ///< index of the device that comes next
        std::size_t settled = 0;
        std::size_t rejected = 0;
    };

    void settle(const CommandKey& key, bool rejected);
    void settle_one(std::uint64_t number, bool rejected);

    std::map<std::uint64_t, Run> runs_;
    /// Submitted and not settled, with their runs: a broadcast may come again while it is under
    /// way.
    std::unordered_multimap<CommandKey, std::uint64_t> open_;
    std::vector<FinishedBroadcast> finished_;
    std::uint64_t next_run_ = 1;
    std::uint64_t turn_ = 0;  ///< the run that was served last
};

}  // namespace dm::core
