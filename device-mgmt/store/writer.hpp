#pragma once

#include "device-mgmt/store/callers_turn.hpp"
#include "device-mgmt/store/command_rows.hpp"
#include "device-mgmt/store/device_buffer.hpp"
#include "device-mgmt/store/device_rows.hpp"
#include "device-mgmt/store/key_set.hpp"
#include "device-mgmt/store/mark_buffer.hpp"
#include "device-mgmt/store/meta_rows.hpp"
#include "device-mgmt/store/op_queue.hpp"
#include "device-mgmt/store/outbox_rows.hpp"
#include "device-mgmt/store/pruner.hpp"
#include "device-mgmt/store/store_events.hpp"
#include "device-mgmt/store/store_file.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace dm::store {

struct WriterSettings {
    std::string node;
    KeepFinished keep;
    std::size_t keep_devices = 1'000'000;  ///< in the table; beyond, offline ones go
    std::function<core::Moment()> clock = core::read_clock;
};

/// The one connection that writes and checkpoints, on a thread of its own. Natural group commit:
/// what gathers while one transaction is made durable is the next one.
///
/// While commits are small and the disk is quick the caller's thread makes them, after what it is
/// doing: see CallersTurn. What reads, removes or checkpoints stays with the writer's thread, and
/// so does what has failed once.
class Writer {
public:
    Writer(StoreFile file, WriterSettings settings, KeySet& ended, Post post, StoreEvents events);
    /// Writes what was called (unless there is no space), empties the WAL and ends the thread.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Before start(): for loading on the caller's thread.
    [[nodiscard]] Database& database() { return file_.database; }

    [[nodiscard]] const Meta& meta_at_start() const { return meta_; }

    /// Before start(): makes it durable that epochs up to this one may be given out.
    void reserve_epoch(std::uint64_t epoch);

    /// With the unfinished commands as they were loaded.
    void start(const std::vector<core::Command>& unfinished);
    void push(Op op);
    void push(std::vector<Op> together);

    // Any thread.
    [[nodiscard]] bool writable() const;

    /// Whether the last attempt to write failed: queries then need not wait for writes.
    [[nodiscard]] bool healthy() const { return healthy_.load(); }

    [[nodiscard]] std::size_t backlog() const { return queue_.urgent() + in_batch_.load(); }

    [[nodiscard]] std::uint64_t durable_lsn() const { return durable_lsn_.load(); }

    /// Unix ms of the oldest end that is remembered; 0: none.
    [[nodiscard]] std::int64_t oldest_end_ms() const { return oldest_end_ms_.load(); }

    /// Finds whose answer has not been posted yet.
    [[nodiscard]] std::size_t finds_in_flight() const { return finds_.load(); }

private:
    /// What a transaction leads to once it is durable.
    struct Outcome {
        Meta meta;
        std::vector<std::optional<core::FinishedCommand>> found;  ///< in the order of the finds
        std::vector<std::vector<OutboxRow>> rows;  ///< in the order of the searches of the outbox
        std::vector<core::CommandKey> written_marks;
        std::size_t written_devices = 0;
        std::optional<Pruner::Slice> pruned;
        std::optional<proto::WallTime> first_end;  ///< of the ends it added
        bool added_rows = false;                   ///< of commands
        bool removed_ends = false;
        bool saved_meta = false;
    };

    enum class Whose { writers, callers };

    // Turns, one at a time.
    void take_callers_turn();
    void run();
    [[nodiscard]] bool take_turn();
    [[nodiscard]] std::optional<SqlError> attempt(std::vector<Op>& batch);

    void absorb(std::vector<Op>& batch);
    [[nodiscard]] bool has_work(const std::vector<Op>& batch) const;
    [[nodiscard]] bool commit(std::vector<Op>& batch);
    [[nodiscard]] bool prunes(std::size_t finished, core::Moment now) const;
    [[nodiscard]] bool may_try_again(const SqlError& error);
    void tell_writable(bool writable, const std::string& reason);
    void write(const std::vector<Op>& batch, Outcome& outcome);
    void write_held(const std::vector<Op>& batch, Outcome& outcome);
    void write_devices(Outcome& outcome);
    void apply(const AcceptOp& op, Outcome& outcome);
    void apply(const FinishOp& op, Outcome& outcome);
    void apply(const PutOutboxOp& op, Outcome& outcome);
    void apply(const FindOp& op, Outcome& outcome);
    void apply(const FindOutboxOp& op, Outcome& outcome);
    void conclude(std::vector<Op>& batch, Outcome& outcome);
    void post_completions(std::vector<Op>& batch, Outcome& outcome);
    void start_queries(std::vector<Op>& batch);
    [[nodiscard]] bool checkpoint_if_worthwhile();
    void close();

    WriterSettings settings_;
    KeySet& ended_;
    Post post_;
    StoreEvents events_;
    bool callers_turn_posted_ = false;  ///< the caller's
    CallersTurn turns_;

    std::mutex turn_;  ///< guards what follows, down to the queue
    Whose whose_ = Whose::writers;
    bool callers_since_ = false;  ///< the caller had a turn since the writer's last one
    std::vector<Op> left_over_;   ///< what the caller's turn could not write
    StoreFile file_;
    CommandRows commands_;
    DeviceRows device_rows_;
    OutboxRows outbox_;
    MetaRows meta_rows_;
    Statement begin_;
    Statement commit_;
    Pruner pruner_;
    Meta meta_;    ///< as on disk, rows included
    Meta saved_;   ///< the table alone
    Meta wanted_;  ///< epoch and lsn as called
    MarkBuffer marks_;
    std::vector<std::uint64_t> removals_;  ///< from the outbox, not written yet
    bool write_all_marks_ = false;
    DeviceBuffer devices_;
    std::size_t devices_due_ = 0;  ///< of devices_, with the next transaction
    int checkpointed_pages_ = 0;   ///< size of the WAL at the last checkpoint

    OpQueue queue_;
    std::atomic<std::size_t> in_batch_{0};
    std::atomic<std::size_t> finds_{0};
    std::atomic<bool> healthy_{true};
    std::atomic<std::uint64_t> durable_lsn_{0};
    std::atomic<std::int64_t> oldest_end_ms_{0};
    std::thread thread_;
};

}  // namespace dm::store
