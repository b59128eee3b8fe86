#pragma once

#include "firmware-sim/clock.hpp"

#include <chrono>
#include <string>

namespace dm::sim {

/// What a person sees on standard output: on a terminal one line that is refreshed every second,
/// elsewhere a plain line now and then. Lines that must stand (say) stay above it. One thread.
class Progress {
public:
    static constexpr std::chrono::seconds kTerminalPeriod{1};
    static constexpr std::chrono::seconds kPlainPeriod{5};

    /// `quiet`: no status line.
    explicit Progress(bool quiet);

    /// Whether it is time for a status line.
    [[nodiscard]] bool due(Instant now) const { return !quiet_ && now >= next_; }

    void status(const std::string& line, Instant now);
    void say(const std::string& line);

    /// Leaves the last status line standing.
    void finish();

private:
    bool quiet_;
    bool terminal_;
    bool line_open_ = false;
    Instant next_ = Instant::min();
};

}  // namespace dm::sim
