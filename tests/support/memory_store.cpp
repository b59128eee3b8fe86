#include "tests/support/memory_store.hpp"

#include "device-mgmt/store/device_buffer.hpp"
#include "device-mgmt/store/load.hpp"

#include <algorithm>
#include <utility>

namespace dm::test {

using namespace store;

namespace {

/// Unfinished commands come before ended ones in a list.
constexpr std::uint64_t kUnfinishedCursor = std::uint64_t{1} << 62U;

}  // namespace

MemoryStore::MemoryStore(MemoryStoreSettings settings, Post post)
    : settings_(std::move(settings)), post_(std::move(post)) {
    settings_.keep_finished_max = std::min(settings_.keep_finished_max, kMaxFinishedInMemory);
    settings_.keep_devices = std::min(settings_.keep_devices, kMaxDevicesInMemory);
}

void MemoryStore::add_step(CommandRecord& record,
                           proto::WallTime at,
                           proto::CommandState state,
                           std::string detail) {
    record.state = state;
    record.history.push_back({at, state, record.attempts, settings_.node, std::move(detail)});
}

CommandRecord MemoryStore::with_terminal(const CommandRecord& record) const {
    CommandRecord copy = record;
    if (const auto it = finished_.find(record.key); it != finished_.end()) {
        copy.terminal = it->second.payload;
    }
    return copy;
}

bool MemoryStore::survives() {
    if (crashed()) {
        return false;
    }
    if (until_crash_ && !together_) {
        --*until_crash_;
    }
    return true;
}

void MemoryStore::together(const std::function<void()>& calls) {
    together_ = true;
    calls();
    together_ = false;
    static_cast<void>(survives());
}

void MemoryStore::accept(const core::Command& command, Done done) {
    if (!survives()) {
        return;
    }
    const proto::WallTime at = command.accepted_at.wall;
    const auto [it, is_new] = records_.try_emplace(command.key,
                                                   CommandRecord{command.key,
                                                                 command.content.command,
                                                                 command.state,
                                                                 command.attempts,
                                                                 at,
                                                                 command.send_by.wall,
                                                                 {},
                                                                 {},
                                                                 command.operator_name,
                                                                 {},
                                                                 kUnfinishedCursor + ++accepted_,
                                                                 {}});
    if (is_new) {
        add_step(it->second, at, command.state, "");
        unfinished_.emplace(accepted_, command).first->second.number = accepted_;
    }
    post_(std::move(done));
}

void MemoryStore::finish(core::FinishedCommand finished, std::optional<OutboxRow> row, Done done) {
    if (!survives()) {
        return;
    }
    if (row) {
        outbox_.insert_or_assign(row->number, *row);
    }
    const proto::WallTime now = finished.finished_at;
    CommandRecord& record = records_
                                .try_emplace(finished.key,
                                             CommandRecord{finished.key,
                                                           finished.content.command,
                                                           finished.state,
                                                           0,
                                                           now,
                                                           now,
                                                           {},
                                                           {},
                                                           {},
                                                           {},
                                                           kUnfinishedCursor + ++accepted_,
                                                           {}})
                                .first->second;
    if (!record.finished_at) {
        unfinished_.erase(record.cursor - kUnfinishedCursor);
    }
    record.finished_at = now;
    record.cursor = ++ended_;
    add_step(record, now, finished.state, "");
    core::CommandKey key = finished.key;
    if (finished_.insert_or_assign(key, std::move(finished)).second) {
        by_age_.push_back(std::move(key));
    }
    forget(now);
    post_(std::move(done));
}

void MemoryStore::mark(Mark mark, Done done) {
    if (!survives()) {
        return;
    }
    const auto it = records_.find(mark.key);
    if (it != records_.end() && !it->second.finished_at) {
        it->second.attempts = std::max(it->second.attempts, mark.attempts);
        core::Command& command = unfinished_.at(it->second.cursor - kUnfinishedCursor);
        command.state = mark.state;
        command.attempts = it->second.attempts;
        if (mark.reply_by) {
            it->second.reply_by = mark.reply_by;
            command.reply_by = core::Moment{{}, *mark.reply_by};
        }
        add_step(it->second, mark.at, mark.state, std::move(mark.detail));
    }
    if (done) {
        post_(std::move(done));
    }
}

void MemoryStore::find_finished(const core::CommandKey& key, Found found) {
    if (crashed()) {
        return;
    }
    const auto it = finished_.find(key);
    post_([found = std::move(found),
           result = it == finished_.end() ? std::nullopt : std::optional(it->second)] {
        found(result);
    });
}

std::chrono::milliseconds MemoryStore::dedup_horizon(proto::WallTime now) const {
    if (by_age_.empty()) {
        return {};
    }
    // The wall clock may have been set back since.
    return std::max(std::chrono::milliseconds::zero(),
                    now - finished_.at(by_age_.front()).finished_at);
}

void MemoryStore::put_outbox(OutboxRow row, Done done) {
    if (!survives()) {
        return;
    }
    const std::uint64_t number = row.number;
    outbox_.insert_or_assign(number, std::move(row));
    post_(std::move(done));
}

void MemoryStore::find_outbox(std::vector<std::uint64_t> numbers, Rows rows) {
    if (crashed()) {
        return;
    }
    std::vector<OutboxRow> found;
    for (const std::uint64_t number : numbers) {
        if (const auto it = outbox_.find(number); it != outbox_.end()) {
            found.push_back(it->second);
        }
    }
    post_([rows = std::move(rows), found = std::move(found)] { rows(found); });
}

void MemoryStore::remove_outbox(std::vector<std::uint64_t> numbers) {
    if (!survives()) {
        return;
    }
    for (const std::uint64_t number : numbers) {
        outbox_.erase(number);
    }
}

void MemoryStore::imported(std::uint64_t lsn) {
    if (!survives()) {
        return;
    }
    lsn_ = std::max(lsn_, lsn);
}

void MemoryStore::acknowledged(std::uint64_t number) {
    if (!survives()) {
        return;
    }
    acknowledged_ = std::max(acknowledged_, number);
}

void MemoryStore::set_epoch(std::uint64_t epoch) {
    if (!survives()) {
        return;
    }
    epoch_ = std::max(epoch_, epoch);
}

Loaded MemoryStore::load(core::Moment now) {
    for (auto& [id, device] : devices_) {
        if (device.online) {
            device.online = false;
            device.reason = kNodeStopped;
            device.since = device.last_seen;
        }
    }
    until_crash_.reset();
    Loaded loaded;
    for (const auto& [number, command] : unfinished_) {
        core::Command& seen = loaded.unfinished.emplace_back(command);
        seen.accepted_at = moment_of(seen.accepted_at.wall, now);
        seen.send_by = moment_of(seen.send_by.wall, now);
        if (seen.reply_by) {
            seen.reply_by = moment_of(seen.reply_by->wall, now);
        }
    }
    for (const auto& [number, row] : outbox_) {
        loaded.outbox.push_back(number);
    }
    loaded.acknowledged = acknowledged_;
    loaded.durable_lsn = lsn_;
    loaded.epoch = epoch_;
    loaded.reserved_epoch = epoch_to_reserve(epoch_, now.wall);
    epoch_ = loaded.reserved_epoch;
    return loaded;
}

void MemoryStore::find_command(core::CommandKey key, Answer<std::optional<CommandRecord>> answer) {
    const auto it = records_.find(key);
    post_([answer = std::move(answer),
           found = it == records_.end() ? std::nullopt : std::optional(with_terminal(it->second))] {
        answer(found);
    });
}

void MemoryStore::find_by_id(std::string id, Answer<std::vector<CommandRecord>> answer) {
    std::vector<CommandRecord> found;
    for (const auto& [key, record] : records_) {
        if (key.id == id && found.size() < kMaxWithSameId) {
            found.push_back(with_terminal(record));
        }
    }
    post_([answer = std::move(answer), found = std::move(found)] { answer(found); });
}

void MemoryStore::list(ListRequest request, Answer<CommandList> answer) {
    const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, kMaxListed);
    CommandList list;
    for (const auto& [key, record] : records_) {
        if (key.device == request.device && (!request.state || record.state == *request.state) &&
            (!request.cursor || record.cursor < *request.cursor)) {
            list.commands.push_back(record);
            list.commands.back().history.clear();
        }
    }
    std::sort(list.commands.begin(),
              list.commands.end(),
              [](const CommandRecord& a, const CommandRecord& b) { return a.cursor > b.cursor; });
    if (list.commands.size() > limit) {
        list.commands.resize(limit, list.commands.front());
        list.next = list.commands.back().cursor;
    }
    post_([answer = std::move(answer), list = std::move(list)] { answer(list); });
}

void MemoryStore::save_device(proto::DeviceDetails device) {
    const auto it = devices_.find(device.device);
    if (it != devices_.end()) {
        it->second = merge(std::move(device), it->second);
        return;
    }
    proto::DeviceId id = device.device;
    devices_.emplace(std::move(id), std::move(device));
    forget_devices();
}

void MemoryStore::find_device(proto::DeviceId device,
                              Answer<std::optional<proto::DeviceDetails>> answer) {
    const auto it = devices_.find(device);
    post_([answer = std::move(answer),
           found = it == devices_.end() ? std::nullopt : std::optional(it->second)] {
        answer(found);
    });
}

void MemoryStore::list_devices(proto::DevicesQuery wanted, Answer<DeviceList> answer) {
    const std::size_t limit = std::clamp<std::size_t>(wanted.limit, 1, kMaxListed);
    DeviceList list;
    for (auto it = wanted.cursor ? devices_.upper_bound(*wanted.cursor) : devices_.begin();
         it != devices_.end() && !list.more;
         ++it) {
        const bool fits = it->first.str().compare(0, wanted.prefix.size(), wanted.prefix) == 0 &&
                          (!wanted.online || it->second.online == *wanted.online);
        if (fits && list.devices.size() == limit) {
            list.more = true;
        } else if (fits) {
            list.devices.push_back(it->second);
        }
    }
    post_([answer = std::move(answer), list = std::move(list)] { answer(list); });
}

/// Of many at once, so that looking for the oldest costs little for each.
void MemoryStore::forget_devices() {
    if (devices_.size() <= settings_.keep_devices + settings_.keep_devices / 64) {
        return;
    }
    std::vector<std::pair<proto::WallTime, proto::DeviceId>> offline;
    for (const auto& [id, device] : devices_) {
        if (!device.online) {
            offline.emplace_back(device.last_seen, id);
        }
    }
    std::sort(offline.begin(), offline.end());
    for (const auto& [last_seen, id] : offline) {
        if (devices_.size() <= settings_.keep_devices) {
            return;
        }
        devices_.erase(id);
    }
}

void MemoryStore::forget(proto::WallTime now) {
    while (!by_age_.empty()) {
        const auto it = finished_.find(by_age_.front());
        const bool too_many = by_age_.size() > settings_.keep_finished_max;
        if (!too_many && now - it->second.finished_at < settings_.keep_finished) {
            return;
        }
        records_.erase(it->first);
        finished_.erase(it);
        by_age_.pop_front();
    }
}

}  // namespace dm::test
