#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace dm::core {

/// Sessions whose time to be looked at has come. A look that ends a session is work for everybody
/// behind it – relay, store, broker –, so a tick that ends many is taken in turns. One thread.
class LookQueue {
public:
    using Number = std::uint64_t;

    /// Of sessions ended in one turn: what waits at a tick of the wheel (50 ms) for a few hundred
    /// ends a second is then spread over the tick. Or a part of 1 / kTurns of what waits when that
    /// is more, so that thousands are through within a second as well.
    static constexpr std::size_t kEndsPerTurn = 1;
    static constexpr std::size_t kTurns = 6;
    static constexpr std::chrono::milliseconds kBetweenTurns{6};

    void add(const std::vector<Number>& due) { due_.insert(due_.end(), due.begin(), due.end()); }

    /// Calls `look(number)`, which tells whether it ended the session, until enough have ended.
    /// False when some still wait: for the next turn, in kBetweenTurns.
    template <class Look>
    [[nodiscard]] bool turn(Look look) {
        const std::size_t most = std::max(kEndsPerTurn, due_.size() / kTurns);
        for (std::size_t ended = 0; !due_.empty() && ended < most;) {
            const Number number = due_.front();
            due_.pop_front();
            ended += look(number) ? 1U : 0U;
        }
        return due_.empty();
    }

private:
    std::deque<Number> due_;
};

}  // namespace dm::core
