#pragma once

#include "control/api/broadcast_progress.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace dm::control {

/// What the reader of a broadcast's events has not been sent yet. Events wait as text, up to a
/// bound. A reader that is further behind has, instead of a queue, a place in what became of the
/// broadcast, and is told from there in short: lists of devices, as `addressed` and `ends`, without
/// the replies, which the history of each command has. Pure.
class BroadcastStream {
public:
    /// Of events that wait as text. With as much under way, and the kernel's send buffer of
    /// 128 KiB, a reader costs less than 256 KiB.
    static constexpr std::size_t kMaxTextBytes = std::size_t{48} * 1024;
    /// Of a batch of lists, but for its last name.
    static constexpr std::size_t kMaxListBytes = std::size_t{32} * 1024;

    /// `progress`: the event included, now as in take().
    void add(const std::string& event, const BroadcastProgress& progress);

    /// `event` is the last one.
    void end(std::string event) { last_ = std::move(event); }

    [[nodiscard]] bool is_over() const { return !last_.empty(); }

    /// Whether the last event has been taken.
    [[nodiscard]] bool is_told() const { return told_; }

    /// The next batch; empty when there is nothing.
    [[nodiscard]] std::string take(const BroadcastProgress& progress);

private:
    [[nodiscard]] std::string take_lists(const BroadcastProgress& progress);

    std::string text_;
    bool behind_ = false;      ///< what came after these is told in short:
    std::size_t devices_ = 0;  ///< of progress.devices()
    std::size_t ends_ = 0;     ///< of progress.ended()
    std::string last_;
    bool told_ = false;
};

}  // namespace dm::control
