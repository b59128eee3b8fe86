// Whose turn it is to write, and what happens when that fails.

#include "device-mgmt/store/writer.hpp"

#include <algorithm>
#include <utility>

namespace dm::store {

namespace {

/// How long what nobody waits for stays in memory when nothing else is written.
constexpr std::chrono::milliseconds kIdleFlush{1000};

constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kLastRetry{1000};

/// Frames after which the WAL is copied into the database: 16 MiB, or less when nothing waits.
constexpr int kCheckpointPages = 4096;
constexpr int kIdleCheckpointPages = 1024;

}  // namespace

// ---- the caller's thread ----

void Writer::push(Op op) {
    std::vector<Op> one;
    one.push_back(std::move(op));
    push(std::move(one));
}

void Writer::push(std::vector<Op> together) {
    finds_ +=
        static_cast<std::size_t>(std::count_if(together.begin(), together.end(), [](const Op& op) {
            return std::holds_alternative<FindOp>(op);
        }));
    if (callers_turn_posted_) {
        queue_.push(std::move(together), OpQueue::Wake::no);
        return;
    }
    if (urgent_in(together) == 0 || !healthy_ || !turns_.allowed(settings_.clock().mono)) {
        queue_.push(std::move(together));
        return;
    }
    queue_.push(std::move(together), OpQueue::Wake::no);
    if (queue_.is_light()) {
        callers_turn_posted_ = true;
        post_([this] { take_callers_turn(); });
    } else {
        queue_.nudge();
    }
}

void Writer::take_callers_turn() {
    callers_turn_posted_ = false;
    const std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn) {
        return;  // the writer is at it, and looks again before it sleeps
    }
    const core::Instant begun = settings_.clock().mono;
    if (!left_over_.empty() || !healthy_ || !turns_.allowed(begun) || !queue_.is_light()) {
        queue_.nudge();
        return;
    }
    std::vector<Op> batch = queue_.take();
    if (batch.empty()) {
        return;
    }
    whose_ = Whose::callers;
    in_batch_ = batch.size();
    absorb(batch);
    file_.database.wait_for_others(false);
    const std::size_t calls = urgent_in(batch);
    if (attempt(batch)) {
        left_over_ = std::move(batch);
        queue_.nudge();
    } else {
        in_batch_ = 0;
        turns_.committed(calls, begun, settings_.clock().mono);
        if (file_.database.wal_pages() - checkpointed_pages_ >= kIdleCheckpointPages) {
            queue_.nudge();
        }
    }
    file_.database.wait_for_others(true);
    whose_ = Whose::writers;
}

// ---- the writer's thread ----

void Writer::run() {
    auto patience = std::chrono::milliseconds(0);
    for (bool goes_on = true; goes_on;) {
        queue_.wait(patience);
        const std::lock_guard turn(turn_);
        goes_on = take_turn();
        const bool more = pruner_.due(meta_.finished, settings_.clock()) ||
                          devices_.size() >= DeviceBuffer::kPerIdleTransaction;
        patience = more ? std::chrono::milliseconds(0) : kIdleFlush;
    }
}

/// False: it was the last one.
bool Writer::take_turn() {
    if (!left_over_.empty()) {
        std::vector<Op> batch = std::exchange(left_over_, {});
        if (!commit(batch)) {
            return false;
        }
    }
    std::vector<Op> batch = queue_.take();
    if (batch.empty() && queue_.closed()) {
        close();
        return false;
    }
    const core::Instant begun = settings_.clock().mono;
    in_batch_ = batch.size();
    absorb(batch);
    const std::size_t calls = urgent_in(batch);
    if (!commit(batch)) {
        return false;
    }
    in_batch_ = 0;
    if (calls > 0) {
        turns_.committed(calls, begun, settings_.clock().mono);
    }
    return checkpoint_if_worthwhile();
}

/// One attempt at a transaction. What went wrong, if something did: then nothing has changed.
std::optional<SqlError> Writer::attempt(std::vector<Op>& batch) {
    try {
        Outcome outcome;
        write(batch, outcome);
        conclude(batch, outcome);
        return std::nullopt;
    } catch (const SqlError& error) {
        file_.database.rollback();
        commands_.undo();
        return error;
    }
}

/// Attempts until it is done; false when it never will be.
bool Writer::commit(std::vector<Op>& batch) {
    for (auto patience = kFirstRetry;; patience = std::min(2 * patience, kLastRetry)) {
        const auto problem = attempt(batch);
        if (!problem) {
            return true;
        }
        if (!may_try_again(*problem)) {
            return false;
        }
        start_queries(batch);
        if (queue_.wait_closed(patience)) {
            return false;
        }
    }
}

bool Writer::may_try_again(const SqlError& error) {
    const bool was_healthy = healthy_.exchange(false);
    if (!error.is_full() && !error.is_busy()) {
        if (events_.on_fatal) {
            events_.on_fatal(error.what());
        }
        return false;
    }
    if (was_healthy) {
        tell_writable(false, error.what());
    }
    return true;
}

void Writer::tell_writable(bool writable, const std::string& reason) {
    if (events_.on_writable) {
        post_([on_writable = events_.on_writable, writable, reason] {
            on_writable(writable, reason);
        });
    }
}

// ---- the WAL ----

bool Writer::checkpoint_if_worthwhile() {
    const int pages = file_.database.wal_pages();
    if (pages < checkpointed_pages_) {
        checkpointed_pages_ = 0;  // it was begun anew
    }
    // A reader may keep the WAL from being begun anew: then it is not copied again and again.
    const int wanted = queue_.size() == 0 ? kIdleCheckpointPages : kCheckpointPages;
    if (pages - checkpointed_pages_ < wanted) {
        return true;
    }
    try {
        file_.database.checkpoint();
        checkpointed_pages_ = pages;
        return true;
    } catch (const SqlError& error) {
        // Without space in the database the WAL keeps everything safe for now.
        return error.is_full() || error.is_busy() || may_try_again(error);
    }
}

void Writer::close() {
    std::vector<Op> nothing;
    write_all_marks_ = true;
    devices_due_ = devices_.size();
    if (!commit(nothing)) {
        return;
    }
    try {
        file_.database.checkpoint_and_truncate();
    } catch (const SqlError&) {
        // The WAL stays and is read at the next start.
    }
}

}  // namespace dm::store
