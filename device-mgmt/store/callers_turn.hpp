#pragma once

#include "device-mgmt/core/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>

namespace dm::store {

/// Whether the caller's own thread may make the next commit, which saves two hand-overs between
/// threads. Only while commits are small, so that there is nothing to gather, and quick: at most a
/// kRest-th of the caller's time goes into waiting for a disk. Time is passed in.
class CallersTurn {
public:
    /// Calls that somebody waits for, in a small commit.
    static constexpr std::size_t kSmall = 2;
    /// So many small commits in a row before the caller's turn comes.
    static constexpr int kInARow = 32;
    /// A commit that takes this long is slow, and is followed by a rest of kRest times as long.
    static constexpr std::chrono::microseconds kSlow{500};
    static constexpr int kRest = 20;

    /// A commit of `calls` that somebody waited for took from `begun` until `now`. One thread at a
    /// time.
    void committed(std::size_t calls, core::Instant begun, core::Instant now) {
        in_a_row_ = calls <= kSmall ? in_a_row_ + 1 : 0;
        if (now - begun >= kSlow) {
            rests_until_ = now + kRest * (now - begun);
        }
        from_ = in_a_row_ >= kInARow ? rests_until_ : core::Instant::max();
    }

    /// Any thread.
    [[nodiscard]] bool allowed(core::Instant now) const { return now >= from_.load(); }

private:
    int in_a_row_ = 0;
    core::Instant rests_until_{};
    std::atomic<core::Instant> from_{core::Instant::max()};
};

}  // namespace dm::store
