// What another process has left, and what is left to another one.

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
    if (holds(command.key)) {
        return;
    }
    // Numbers of different processes meet here; the order within a device is that of the calls.
    command.number = std::max(command.number, next_number_);
    next_number_ = command.number + 1;
    deadlines_.set(command.deadline().mono, command.number, command.key.device);
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

std::vector<Command> Dispatcher::release(const proto::DeviceId& device) {
    std::vector<Command> unknown;
    const auto it = boxes_.find(device);
    if (it == boxes_.end()) {
        return unknown;
    }
    for (Pending& pending : it->second.commands) {
        const Command& command = pending.command;
        if (pending.stage == Stage::storing) {
            unknown.push_back(command);
        } else if (pending.stage != Stage::ending) {
            deadlines_.remove(command.deadline().mono, command.number);
        }
        set_stage(pending, Stage::ending);
        --unfinished_;
    }
    boxes_.erase(it);
    return unknown;
}

void Dispatcher::send_until(Instant until, Moment now) {
    const bool goes_on = !paused_ && now.mono >= send_until_ && now.mono < until;
    send_until_ = until;
    if (goes_on) {
        go_on(now);
    }
}

void Dispatcher::go_on(Moment now) {
    paused_ = false;
    for (auto& [device, box] : boxes_) {
        pump(box, now);
    }
}

}  // namespace dm::core
