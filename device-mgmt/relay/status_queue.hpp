#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/token_bucket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace dm::relay {

/// States after `accepted` that wait while the broker has much to do. One for each command: a later
/// state takes the place of an earlier one, and an end, which is told elsewhere, removes it.
///
/// One that has waited kMaxWait is due however much there is to do. Pure.
class StatusQueue {
public:
    static constexpr std::size_t kMaxCommands = 10'000;
    static constexpr std::chrono::milliseconds kMaxWait{250};

    /// Whether a state keeps a pace, or only waits while there is much to do. When sessions end by
    /// the hundred each command they had is `queued` again: all of that at once would hold up the
    /// replies of the other devices.
    enum class Pace { free, kept };
    static constexpr double kPerSecond = 2000;
    static constexpr double kAtOnce = 16;

    /// A state's messages: to the status topic, and to the operator that asked for states.
    using Messages = std::vector<broker::OutboundMessage>;

    /// A later state of a command that waits takes no further room.
    [[nodiscard]] bool has_room(const core::CommandKey& key) const {
        return waiting_.size() < kMaxCommands || waiting_.count(key) != 0;
    }

    /// How many messages of an earlier state these replace.
    std::size_t put(const core::CommandKey& key, Messages messages, Pace pace, core::Instant now);

    /// The command has ended; how many messages were waiting.
    std::size_t ended(const core::CommandKey& key);

    /// The next messages that are due, oldest first; `calm`: all are, at their pace. Empty: none.
    [[nodiscard]] Messages take(core::Instant now, bool calm);

    [[nodiscard]] std::size_t size() const { return waiting_.size(); }

private:
    struct Waiting {
        Messages messages;
        Pace pace = Pace::free;
        std::uint64_t place = 0;  ///< the number of its turn
    };

    struct Turn {
        core::CommandKey key;
        core::Instant since;
        std::uint64_t number = 0;
    };

    [[nodiscard]] bool may_go(const Waiting& state, core::Instant now);

    std::unordered_map<core::CommandKey, Waiting> waiting_;
    std::deque<Turn> turns_;  ///< may name commands that wait no more
    std::uint64_t last_ = 0;
    core::TokenBucket kept_pace_{kPerSecond, kAtOnce, core::Instant{}};
};

}  // namespace dm::relay
