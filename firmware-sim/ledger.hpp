#pragma once

#include "firmware-sim/clock.hpp"
#include "firmware-sim/histogram.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dm::sim {

/// The number of a command within a run; its id is `<run>-<number>`.
using CommandNumber = std::uint64_t;

/// What the books say; all of it counts commands, unless noted.
struct Tally {
    std::uint64_t sent = 0;
    std::uint64_t accepted = 0;
    std::uint64_t finished = 0;            ///< have a terminal message
    std::uint64_t lost = 0;                ///< no terminal message and no rejection in time
    std::uint64_t never_accepted = 0;      ///< of these: not even accepted
    std::uint64_t late = 0;                ///< terminal message after all, but after it was lost
    std::uint64_t duplicated = 0;          ///< terminal messages beyond the first, of another id
    std::uint64_t repeated_terminals = 0;  ///< the same terminal message again: allowed
    std::uint64_t contradicted = 0;        ///< both rejected and accepted or finished
    std::uint64_t repeated_sends = 0;      ///< publishes beyond each command's first
    std::uint64_t unknown = 0;             ///< messages about numbers that were never sent
    std::map<std::string, std::uint64_t> by_state;      ///< terminal states
    std::map<std::string, std::uint64_t> by_rejection;  ///< codes

    [[nodiscard]] std::uint64_t rejected() const;
    /// Finished without the device having answered: `timed_out`, `expired`, `cancelled`.
    [[nodiscard]] std::uint64_t unanswered() const;
};

/// The operator's books: what was sent, what came back, what is overdue. No I/O, time is passed in.
///
/// Remembers kMaxRemembered commands; beyond it the oldest finished ones are forgotten and what
/// still comes for them counts as `unknown`.
class Ledger {
public:
    static constexpr std::size_t kMaxRemembered = 4'000'000;

    /// `patience`: a command without terminal message for so long is lost. `repeat_after`: one
    /// that is not accepted is to be sent again; zero: never.
    Ledger(std::chrono::milliseconds patience, std::chrono::milliseconds repeat_after)
        : patience_(patience), repeat_after_(repeat_after) {}

    /// A new command; numbers count up from 0.
    [[nodiscard]] CommandNumber send(Instant now);

    void accepted(CommandNumber number, Instant now);

    /// `message_id` tells a repeated publication from a second outcome.
    void finished(CommandNumber number,
                  const std::string& state,
                  std::string_view message_id,
                  Instant now);
    void rejected(CommandNumber number, const std::string& code);

    /// Declares overdue commands lost and returns those that are to be published again now, at most
    /// so many; the others stay due. Cheap to call often.
    [[nodiscard]] std::vector<CommandNumber> due(Instant now, std::size_t most = SIZE_MAX);

    /// Accepted, and without an outcome so far: whoever may have missed it asks again.
    [[nodiscard]] std::vector<CommandNumber> unfinished() const;

    /// One more publish of a command that had been published before.
    void repeated() { ++tally_.repeated_sends; }

    /// Sent, and neither finished, rejected nor lost.
    [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }

    [[nodiscard]] const Tally& tally() const { return tally_; }

    [[nodiscard]] const Histogram& accept_times() const { return accept_times_; }

    [[nodiscard]] const Histogram& round_trips() const { return round_trips_; }

private:
    enum class End : std::uint8_t { none, finished, rejected, lost };

    struct Entry {
        Instant sent;
        Instant last_sent;
        std::size_t message_hash = 0;
        End end = End::none;
        bool accepted = false;
    };

    [[nodiscard]] Entry* find(CommandNumber number);
    void close(Entry& entry, End end);
    void forget_oldest();

    std::chrono::milliseconds patience_;
    std::chrono::milliseconds repeat_after_;
    std::deque<Entry> entries_;  ///< of numbers first_ …
    CommandNumber first_ = 0;
    CommandNumber oldest_open_ = 0;         ///< no older one is outstanding
    std::deque<CommandNumber> unaccepted_;  ///< by last_sent; may name some that are settled
    std::uint64_t outstanding_ = 0;
    Tally tally_;
    Histogram accept_times_;
    Histogram round_trips_;
};

}  // namespace dm::sim
