#include "device-mgmt/store/writer.hpp"

#include "device-mgmt/failpoint/failpoint.hpp"
#include "device-mgmt/store/history.hpp"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace dm::store {

namespace {

/// Ends looked at for removal in a transaction that also writes: somewhat more than it adds.
constexpr std::size_t kMinPruned = 32;

template <class Wanted>
std::size_t count(const std::vector<Op>& batch) {
    return static_cast<std::size_t>(std::count_if(batch.begin(), batch.end(), [](const Op& op) {
        return std::holds_alternative<Wanted>(op);
    }));
}

bool reads_devices(const std::vector<Op>& batch) {
    return std::any_of(batch.begin(), batch.end(), [](const Op& op) {
        const auto* query = std::get_if<QueryOp>(&op);
        return query != nullptr && query->reads_devices;
    });
}

}  // namespace

Writer::Writer(
    StoreFile file, WriterSettings settings, KeySet& ended, Post post, StoreEvents events)
    : settings_(std::move(settings)),
      ended_(ended),
      post_(std::move(post)),
      events_(std::move(events)),
      file_(std::move(file)),
      commands_(file_.database, settings_.node),
      device_rows_(file_.database),
      outbox_(file_.database),
      meta_rows_(file_.database),
      begin_(file_.database, "BEGIN IMMEDIATE"),
      commit_(file_.database, "COMMIT"),
      pruner_(settings_.keep, settings_.clock()),
      meta_(load_meta(file_.database)),
      saved_(load_saved_meta(file_.database)),
      wanted_(meta_),
      durable_lsn_(meta_.ingress_lsn) {
    commands_.each_ended(
        0, 1, [this](const EndedRow& row) { oldest_end_ms_ = to_ms(row.finished_at); });
}

Writer::~Writer() {
    queue_.close();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Writer::reserve_epoch(std::uint64_t epoch) {
    wanted_.epoch = std::max(wanted_.epoch, epoch);
    meta_rows_.save(saved_, wanted_);
    meta_ = wanted_;
    saved_ = wanted_;
}

void Writer::start(const std::vector<core::Command>& unfinished) {
    for (const core::Command& command : unfinished) {
        commands_.remember(command);
    }
    commands_.settle();
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "store-writer");
}

bool Writer::writable() const {
    return healthy_.load() && queue_.has_room();
}

/// Takes over what need not be in the transaction of its place, so that a second attempt at the
/// batch does not do it twice.
void Writer::absorb(std::vector<Op>& batch) {
    const core::Moment now = settings_.clock();
    const bool is_callers = whose_ == Whose::callers;
    bool idle = !is_callers && !callers_since_;
    callers_since_ = is_callers;
    for (Op& op : batch) {
        idle = idle && !is_urgent(op);
        if (const auto* mark = std::get_if<MarkOp>(&op)) {
            marks_.hold(mark->mark, static_cast<bool>(mark->done), now.mono);
        } else if (const auto* removed = std::get_if<RemoveOutboxOp>(&op)) {
            removals_.insert(removals_.end(), removed->numbers.begin(), removed->numbers.end());
        } else if (const auto* imported = std::get_if<ImportedOp>(&op)) {
            wanted_.ingress_lsn = std::max(wanted_.ingress_lsn, imported->lsn);
        } else if (const auto* acknowledged = std::get_if<AcknowledgedOp>(&op)) {
            wanted_.acknowledged = std::max(wanted_.acknowledged, acknowledged->number);
        } else if (const auto* epoch = std::get_if<EpochOp>(&op)) {
            wanted_.epoch = std::max(wanted_.epoch, epoch->epoch);
        } else if (auto* device = std::get_if<DeviceOp>(&op)) {
            devices_.hold(std::move(device->device));
        }
    }
    write_all_marks_ = idle || count<QueryOp>(batch) > 0;
    devices_due_ = idle || devices_.size() > DeviceBuffer::kMaxHeld
                       ? DeviceBuffer::kPerIdleTransaction
                       : DeviceBuffer::kPerTransaction;
    if (is_callers) {
        devices_due_ = DeviceBuffer::kPerCallersTurn;
    } else if (reads_devices(batch)) {
        devices_due_ = devices_.size();
    }
}

bool Writer::has_work(const std::vector<Op>& batch) const {
    const bool must = std::any_of(batch.begin(), batch.end(), [](const Op& op) {
        return is_urgent(op) && !std::holds_alternative<FindOp>(op) &&
               !std::holds_alternative<FindOutboxOp>(op) && !std::holds_alternative<QueryOp>(op);
    });
    const bool held = !marks_.empty() || !removals_.empty() || devices_.size() > 0 ||
                      wanted_.ingress_lsn != meta_.ingress_lsn ||
                      wanted_.acknowledged != meta_.acknowledged || wanted_.epoch != meta_.epoch;
    return must || (write_all_marks_ && held) || prunes(meta_.finished, settings_.clock());
}

/// Removals are the writer's thread's, which looks at least every second.
bool Writer::prunes(std::size_t finished, core::Moment now) const {
    return whose_ == Whose::writers && pruner_.due(finished, now);
}

// ---- one transaction ----

void Writer::write(const std::vector<Op>& batch, Outcome& outcome) {
    outcome.meta = meta_;
    const bool transaction = has_work(batch);
    if (transaction) {
        begin_.run();
    }
    for (const Op& op : batch) {
        std::visit(
            [&](const auto& what) {
                using What = std::decay_t<decltype(what)>;
                if constexpr (std::is_same_v<What, AcceptOp> || std::is_same_v<What, FinishOp> ||
                              std::is_same_v<What, PutOutboxOp> || std::is_same_v<What, FindOp> ||
                              std::is_same_v<What, FindOutboxOp>) {
                    apply(what, outcome);
                }
            },
            op);
    }
    if (transaction) {
        write_held(batch, outcome);
        commit_.run();
        failpoint::pass(failpoint::Point::committed);
    }
}

void Writer::apply(const AcceptOp& op, Outcome& outcome) {
    outcome.added_rows |=
        commands_.insert(++outcome.meta.accepted, op.command, wanted_.ingress_lsn);
}

void Writer::apply(const FinishOp& op, Outcome& outcome) {
    const core::FinishedCommand& finished = op.finished;
    const HeldMark* mark = marks_.find(finished.key);
    if (op.ended_before) {
        const std::uint64_t erased = commands_.erase_ended(finished.key);
        outcome.meta.finished -= erased;
        outcome.removed_ends |= erased > 0;
    }
    commands_.finish(
        ++outcome.meta.ended, outcome.meta.accepted, finished, mark, wanted_.ingress_lsn);
    outcome.meta.finished += 1;
    outcome.added_rows = true;
    if (mark != nullptr) {
        outcome.written_marks.push_back(finished.key);
    }
    if (op.row) {
        outbox_.put(*op.row);
    }
    if (!outcome.first_end) {
        outcome.first_end = finished.finished_at;
    }
}

void Writer::apply(const PutOutboxOp& op, Outcome& /*outcome*/) {
    outbox_.put(op.row);
}

void Writer::apply(const FindOp& op, Outcome& outcome) {
    outcome.found.push_back(commands_.find_finished(op.key));
}

void Writer::apply(const FindOutboxOp& op, Outcome& outcome) {
    outcome.rows.push_back(outbox_.find(op.numbers));
}

void Writer::write_held(const std::vector<Op>& batch, Outcome& outcome) {
    const core::Moment now = settings_.clock();
    for (const core::CommandKey& key : marks_.due(now.mono, urgent_in(batch), write_all_marks_)) {
        commands_.mark(key, *marks_.find(key));
        outcome.written_marks.push_back(key);
    }
    write_devices(outcome);
    outbox_.remove(removals_);
    outcome.meta.epoch = wanted_.epoch;
    outcome.meta.ingress_lsn = wanted_.ingress_lsn;
    outcome.meta.acknowledged = wanted_.acknowledged;
    if (prunes(outcome.meta.finished, now)) {
        const std::size_t limit =
            batch.empty() ? Pruner::kMaxSlice : std::max(kMinPruned, 2 * count<FinishOp>(batch));
        outcome.pruned = pruner_.prune(commands_, outcome.meta.finished, limit, now);
        outcome.meta.finished -= outcome.pruned->removed.size();
        outcome.removed_ends |= !outcome.pruned->removed.empty();
    }
    const bool by_rows = outcome.added_rows && !outcome.removed_ends;
    if (MetaRows::must_save(saved_, outcome.meta, by_rows)) {
        meta_rows_.save(saved_, outcome.meta);
        outcome.saved_meta = true;
    }
}

void Writer::write_devices(Outcome& outcome) {
    for (const proto::DeviceDetails* device : devices_.next(devices_due_)) {
        outcome.meta.devices += device_rows_.save(*device) ? 1U : 0U;
        ++outcome.written_devices;
    }
    if (outcome.meta.devices > settings_.keep_devices) {
        const std::size_t excess = outcome.meta.devices - settings_.keep_devices;
        outcome.meta.devices -= device_rows_.prune(std::min(excess, devices_due_));
    }
}

void Writer::conclude(std::vector<Op>& batch, Outcome& outcome) {
    commands_.settle();
    meta_ = outcome.meta;
    if (outcome.saved_meta) {
        saved_ = meta_;
    }
    durable_lsn_ = meta_.ingress_lsn;
    for (const core::CommandKey& key : outcome.written_marks) {
        marks_.forget(key);
    }
    write_all_marks_ = false;
    devices_.forget(outcome.written_devices);
    removals_.clear();
    if (outcome.first_end && oldest_end_ms_ == 0) {
        oldest_end_ms_ = to_ms(*outcome.first_end);
    }
    if (outcome.pruned) {
        pruner_.done(*outcome.pruned);
        for (const core::CommandKey& key : outcome.pruned->removed) {
            ended_.erase(ended_.hash(key.device.str(), key.id));
        }
        if (const auto oldest = pruner_.oldest()) {
            oldest_end_ms_ = to_ms(*oldest);
        }
    }
    if (!healthy_.exchange(true)) {
        tell_writable(true, "");
    }
    post_completions(batch, outcome);
    start_queries(batch);
}

void Writer::post_completions(std::vector<Op>& batch, Outcome& outcome) {
    std::vector<CommandStore::Done> completions;
    completions.reserve(batch.size());
    std::size_t finds = 0;
    std::size_t searches = 0;
    for (Op& op : batch) {
        if (auto* search = std::get_if<FindOutboxOp>(&op)) {
            completions.emplace_back([rows = std::move(search->rows),
                                      result = std::move(outcome.rows[searches++])]() mutable {
                rows(std::move(result));
            });
            continue;
        }
        if (auto* find = std::get_if<FindOp>(&op)) {
            completions.emplace_back(
                [found = std::move(find->found), result = std::move(outcome.found[finds++])] {
                    found(result);
                });
            continue;
        }
        std::visit(
            [&](auto& what) {
                using What = std::decay_t<decltype(what)>;
                if constexpr (std::is_same_v<What, AcceptOp> || std::is_same_v<What, FinishOp> ||
                              std::is_same_v<What, PutOutboxOp> || std::is_same_v<What, MarkOp>) {
                    if (what.done) {
                        completions.push_back(std::move(what.done));
                    }
                }
            },
            op);
    }
    if (!completions.empty()) {
        post_([completions = std::move(completions)] {
            for (const auto& done : completions) {
                done();
            }
        });
    }
    finds_ -= finds;
}

void Writer::start_queries(std::vector<Op>& batch) {
    for (Op& op : batch) {
        if (auto* query = std::get_if<QueryOp>(&op); query != nullptr && query->start) {
            std::exchange(query->start, nullptr)(commands_.seqs());
        }
    }
}

}  // namespace dm::store
