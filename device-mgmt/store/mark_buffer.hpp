#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/store/command_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dm::store {

/// The marks of one command that are not written yet.
struct HeldMark {
    proto::CommandState state;
    std::uint32_t attempts;
    std::optional<proto::WallTime> reply_by;
    std::string steps;  ///< for the history
    core::Instant since;
    bool due = false;  ///< somebody waits for it
};

/// Marks between the call and a transaction. Most commands end soon after they were sent: their
/// marks are then written with the end and cost no transaction's work of their own.
class MarkBuffer {
public:
    /// How long a mark waits for its command's end before it is written by itself.
    static constexpr std::chrono::milliseconds kPatience{250};
    /// Of marks that nobody waits for, in a transaction that somebody does wait for, unless it has
    /// more calls than that. When sessions end by the hundred, the commands they had are marked all
    /// at once.
    static constexpr std::size_t kPerTransaction = 16;
    /// With more marks than this every one is due.
    static constexpr std::size_t kMaxHeld = 50'000;

    void hold(const Mark& mark, bool due, core::Instant now);

    [[nodiscard]] const HeldMark* find(const core::CommandKey& key) const;

    /// The commands whose marks go with the next transaction: those somebody waits for, and up to
    /// kPerTransaction that have waited kPatience, oldest first. With `calls` in the transaction at
    /// least as many, so that marks do not gather faster than they are written. `all`: every one.
    [[nodiscard]] std::vector<core::CommandKey> due(core::Instant now,
                                                    std::size_t calls,
                                                    bool all) const;

    void forget(const core::CommandKey& key);

    [[nodiscard]] bool empty() const { return held_.empty(); }

private:
    void trim();

    std::unordered_map<core::CommandKey, HeldMark> held_;
    std::deque<std::pair<core::Instant, core::CommandKey>> by_age_;  ///< may name what is gone
    std::vector<core::CommandKey> awaited_;
};

}  // namespace dm::store
