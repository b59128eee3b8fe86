// What an earlier process left: the dispatcher at start.

#include "device-mgmt/core/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace dm::core {

namespace {

using proto::CommandState;
using proto::Delivery;

bool has_left(const Command& command) {
    return command.attempts > 0;
}

/// An at_most_once command may have left, and whether the device has it nobody knows.
bool is_outcome_unknown(const Command& command) {
    return has_left(command) && command.delivery == Delivery::at_most_once &&
           command.state != CommandState::delivered;
}

}  // namespace

void Dispatcher::restore(Command command, Moment now) {
    next_number_ = std::max(next_number_, command.number + 1);
    const Moment deadline = command.reply_by ? *command.reply_by : command.send_by;
    deadlines_.set(deadline.mono, command.number, command.key.device);
    Pending pending(std::move(command));
    pending.stored = true;
    pending.restored = pending.command.delivery == Delivery::at_least_once;
    pending.marked = has_left(pending.command);
    ++unfinished_;
    ++waiting_;  // as `storing`, which every command begins with
    const bool delivered = pending.command.state == CommandState::delivered;
    set_stage(pending, delivered ? Stage::delivered : Stage::waiting);
    if (is_outcome_unknown(pending.command)) {
        end_unknown(pending, now);
    }
    boxes_[pending.command.key.device].commands.push_back(std::move(pending));
}

}  // namespace dm::core
