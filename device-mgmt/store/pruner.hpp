#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/store/command_rows.hpp"
#include "device-mgmt/store/keep_finished.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace dm::store {

/// Removes ends, oldest first and a few at a time, within the writer's transactions. What must not
/// go yet is passed over; the next round looks at it again.
class Pruner {
public:
    /// Ends looked at in one transaction.
    static constexpr std::size_t kMaxSlice = 500;
    static constexpr std::chrono::minutes kBetweenRounds{10};

    /// Ages are by the monotonic clock from `started` on: a wall clock that jumps ahead later does
    /// not make everything old at once.
    Pruner(KeepFinished keep, core::Moment started) : keep_(keep), started_(started) {}

    /// Where the removal stands.
    struct Position {
        std::uint64_t looked_at = 0;  ///< number of the last end looked at in this round
        bool more = true;             ///< go on at once
        std::optional<proto::WallTime> waits_for;  ///< the next end is not due yet; it is from then
        std::optional<proto::WallTime> gone;       ///< ends up to this time have been removed
        core::Instant next_round{};
    };

    /// What one transaction does; tell it to `done` once that is durable.
    struct Slice {
        std::vector<core::CommandKey> removed;
        Position position;
    };

    /// Whether there may be something to remove; `finished`: ends in the table.
    [[nodiscard]] bool due(std::size_t finished, core::Moment now) const;

    /// Removes at most `limit` of `finished` ends.
    [[nodiscard]] Slice prune(CommandRows& rows,
                              std::size_t finished,
                              std::size_t limit,
                              core::Moment now) const;

    void done(const Slice& slice) { position_ = slice.position; }

    /// The oldest end that is remembered for certain, as far as removals tell.
    [[nodiscard]] std::optional<proto::WallTime> oldest() const {
        return position_.waits_for ? position_.waits_for : position_.gone;
    }

private:
    /// The wall clock, unless it has run ahead of the monotonic one.
    [[nodiscard]] proto::WallTime trusted_wall(core::Moment now) const;

    [[nodiscard]] bool too_old(proto::WallTime finished_at, core::Moment now) const {
        return trusted_wall(now) - finished_at >= keep_.age;
    }

    KeepFinished keep_;
    core::Moment started_;
    Position position_;
};

}  // namespace dm::store
