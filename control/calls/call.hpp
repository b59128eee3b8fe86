#pragma once

#include "device-mgmt/core/clock.hpp"
#include "protocol/operator_messages.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace dm::control {

/// A command is published again with the same id until a node has accepted it …
inline constexpr std::chrono::milliseconds kFirstRepeat{1000};
/// … and given up when none has answered.
inline constexpr std::chrono::seconds kNoNodeAfter{5};
/// After that now and then, so an end that was lost on its way is told again.
inline constexpr std::chrono::seconds kReminder{30};

/// How a caller is answered.
enum class CallMode {
    stream,  ///< with every state as it comes
    wait,    ///< once, with the end, or with how far it got when its patience is over
    submit,  ///< once, when accepted
};

/// What a stream is told.
struct CallEvent {
    std::string state;                ///< the event's name
    std::optional<std::uint64_t> id;  ///< place in the command's history, as queries number it
    std::string data;                 ///< the message as it came
};

/// How a call is over.
struct CallEnd {
    enum class Why {
        finished,  ///< `payload` is the terminal message
        rejected,  ///< `payload` is the rejection
        accepted,  ///< submitted; `payload` is the last state that was told
        patience,  ///< not yet finished; `payload` as above
        no_node,   ///< nobody answered
    };

    Why why;
    std::string state;
    std::string code;  ///< of the error, if any
    std::string message;
    std::string payload;
};

/// What follows from an input of a call.
struct CallStep {
    bool publish = false;  ///< the command, again
    std::optional<CallEvent> event;
    std::optional<CallEnd> end;
};

/// One caller that waits for one command. Pure: time is passed in. After an `end` it is not used
/// any more. The command itself goes on, whatever becomes of the call.
class Call {
public:
    Call(CallMode mode, std::chrono::milliseconds patience, core::Instant now);

    /// A message with this call's correlation data. `raw` is the payload of `outcome`.
    [[nodiscard]] CallStep on_message(const proto::Outcome& outcome,
                                      std::string raw,
                                      core::Instant now);

    /// To be called at next().
    [[nodiscard]] CallStep on_time(core::Instant now);

    /// The connection to the broker was lost meanwhile: an answer may have been, too.
    [[nodiscard]] CallStep on_reconnected(core::Instant now);

    [[nodiscard]] core::Instant next() const;

    [[nodiscard]] CallMode mode() const { return mode_; }

    [[nodiscard]] bool accepted() const { return accepted_; }

    /// The last state that was told; empty before `accepted`.
    [[nodiscard]] const std::string& last() const { return last_; }

private:
    [[nodiscard]] std::optional<std::uint64_t> place_of(const proto::Outcome& outcome, bool is_end);

    CallMode mode_;
    bool accepted_ = false;
    core::Instant started_;
    std::optional<core::Instant> patience_until_;
    core::Instant next_publish_;
    std::chrono::milliseconds pause_ = kFirstRepeat;
    std::set<std::pair<std::string, std::uint64_t>> told_;  ///< state and attempt
    std::uint64_t place_ = 0;                               ///< of the last state
    std::string last_;
};

}  // namespace dm::control
