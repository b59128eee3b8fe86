#pragma once

#include "tests/simulation/chance.hpp"
#include "tests/simulation/schedule.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace dm::simulation {

/// Something in the surroundings that does wrong on purpose. The self-test shows with them that a
/// run notices: each is what a defect of the product, or of what it stands on, would look like.
enum class Lie {
    none,
    commit_is_early,       ///< the store completes before it is durable
    ends_are_forgotten,    ///< the store does not find what has finished
    rows_are_lost,         ///< the store drops the messages that tell of ends
    epoch_is_forgotten,    ///< the store does not keep the highest epoch
    ingress_is_lost,       ///< what the ingress log took does not survive the process
    puback_is_false,       ///< the broker acknowledges what it drops
    payload_is_altered,    ///< a repetition of an end has other bytes
    message_id_changes,    ///< … or another message id
    acceptance_is_silent,  ///< `accepted` does not get through
    sendings_swap,         ///< commands overtake each other on their way to a session
    sending_is_denied,     ///< a session says that a command did not leave although it did
    window_is_wider,       ///< the node sends more than its window
    clock_is_stopped,      ///< deadlines are not looked at
    executes_twice,        ///< a device has no journal
    reply_is_altered,      ///< what a device replies arrives changed
    ack_is_wrong,          ///< a device is told `unknown`
    presence_is_stale,     ///< `offline` of an old session after `online` of a new one
};

/// The common ground of one run: chance, time, and the first thing that was found wrong.
struct Run {
    Run(std::uint64_t number, Lie wrong, std::FILE* to)
        : seed(number), lie(wrong), chance(number), trace(to) {}

    [[nodiscard]] core::Moment now() const { return schedule.now(); }

    [[nodiscard]] bool lies(Lie which) const { return lie == which; }

    /// Notes what is wrong, once, when `right` is false.
    void require(bool right, std::string_view what, std::string_view about) {
        if (!right && failure.empty()) {
            failure = fmt::format("{}: {}", what, about);
            note("WRONG {}", failure);
        }
    }

    /// A line of the trace; the arguments are formatted only if there is one.
    template <typename... Args>
    void note(fmt::format_string<Args...> format, Args&&... args) {
        if (trace != nullptr) {
            const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                now().mono.time_since_epoch() - std::chrono::hours(1));
            fmt::print(trace,
                       "{:8.3f}  {}\n",
                       static_cast<double>(ms.count()) / 1000,
                       fmt::format(format, std::forward<Args>(args)...));
        }
    }

    const std::uint64_t seed;
    const Lie lie;
    Chance chance;
    Schedule schedule;
    std::FILE* const trace;  ///< null: none
    bool calm = false;       ///< nothing goes wrong any more
    /// Until when something was away or stood still: what is due meanwhile may come after it.
    core::Instant trouble_until{};
    std::chrono::milliseconds clock_steps{0};  ///< by which the wall clock was set, all together
    std::string failure;
};

}  // namespace dm::simulation
