#include "tests/simulation/disk.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace dm::simulation {

namespace {

/// A stored moment as a later process sees it: the wall time is what was written.
core::Moment seen_from(core::Moment now, const core::Moment& stored) {
    return {now.mono + (stored.wall - now.wall), stored.wall};
}

}  // namespace

void Disk::accept(const core::Command& command) {
    const std::uint64_t order = accepted_.size() + 1;
    const bool is_new = accepted_.try_emplace(command.key, Accepted{command, order}).second;
    run_.require(is_new, "accepted twice", command.key.id);
    unfinished_.emplace(order, command);
    run_.note("disk: accepted {} {}", command.key.device.str(), command.key.id);
}

void Disk::finish(const core::FinishedCommand& finished,
                  const std::optional<store::OutboxRow>& row) {
    const auto known = accepted_.find(finished.key);
    run_.require(known != accepted_.end(), "ended and never accepted", finished.key.id);
    const bool is_new =
        finished_.try_emplace(finished.key, Finished{finished, run_.now(), life}).second;
    run_.require(is_new, "ended twice", finished.key.id);
    run_.require(proto::is_terminal(finished.state), "an end that is none", finished.key.id);
    if (known != accepted_.end()) {
        unfinished_.erase(known->second.order);
    }
    if (row && !run_.lies(Lie::rows_are_lost)) {
        outbox.emplace(row->number, *row);
    }
    run_.note(
        "disk: {} {} {}", proto::word(finished.state), finished.key.device.str(), finished.key.id);
}

void Disk::mark(const store::Mark& mark) {
    const auto known = accepted_.find(mark.key);
    const auto it =
        known == accepted_.end() ? unfinished_.end() : unfinished_.find(known->second.order);
    if (it == unfinished_.end()) {
        return;
    }
    core::Command& command = it->second;
    command.state = mark.state;
    command.attempts = std::max(command.attempts, mark.attempts);
    if (mark.reply_by) {
        command.reply_by = core::Moment{{}, *mark.reply_by};
    }
}

store::Loaded Disk::load(core::Moment now) {
    store::Loaded loaded;
    for (const auto& [order, stored] : unfinished_) {
        core::Command command = stored;
        command.number = order;
        command.accepted_at = seen_from(now, command.accepted_at);
        command.send_by = seen_from(now, command.send_by);
        if (command.reply_by) {
            command.reply_by = seen_from(now, *command.reply_by);
        }
        loaded.unfinished.push_back(std::move(command));
    }
    for (const auto& [number, row] : outbox) {
        loaded.outbox.push_back(number);
    }
    loaded.acknowledged = acknowledged;
    loaded.durable_lsn = imported;
    loaded.epoch = run_.lies(Lie::epoch_is_forgotten) ? 0 : epoch;
    loaded.reserved_epoch = store::epoch_to_reserve(loaded.epoch, now.wall);
    epoch = loaded.reserved_epoch;
    return loaded;
}

const Disk::Accepted* Disk::accepted(const core::CommandKey& key) const {
    const auto it = accepted_.find(key);
    return it == accepted_.end() ? nullptr : &it->second;
}

const Disk::Finished* Disk::finished(const core::CommandKey& key) const {
    const auto it = finished_.find(key);
    return it == finished_.end() ? nullptr : &it->second;
}

}  // namespace dm::simulation
