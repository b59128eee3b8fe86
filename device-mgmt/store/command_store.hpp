#pragma once

#include "device-mgmt/core/command.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dm::store {

/// A message that must reach the broker at least once: kept until it is removed.
struct OutboxRow {
    std::uint64_t number = 0;  ///< chosen by the caller: unique among the kept ones, rising
    std::string topic;
    std::string payload;
    std::optional<std::string> correlation;
    std::vector<std::pair<std::string, std::string>> user_properties;
    std::optional<std::string> fallback_topic;  ///< once, when the broker refuses `topic`
    std::optional<core::CommandKey> key;        ///< the command it tells of, if any
};

/// A step of an unfinished command that need not be durable by itself.
struct Mark {
    core::CommandKey key;
    proto::CommandState state;
    std::uint32_t attempts = 0;
    std::optional<proto::WallTime> reply_by;
    proto::WallTime at;
    std::string detail;  ///< for the history: why it is waiting again, …
};

/// What a store holds when it is opened.
struct Loaded {
    std::vector<core::Command> unfinished;  ///< in order of acceptance; `number` rises
    std::vector<std::uint64_t> outbox;      ///< numbers of the kept messages, rising
    std::uint64_t acknowledged = 0;         ///< as it was last told
    std::uint64_t durable_lsn = 0;
    std::uint64_t epoch = 0;           ///< no higher one has been given out
    std::uint64_t reserved_epoch = 0;  ///< as durable as if it had been given to `set_epoch`
};

/// So many epochs are reserved when a store is loaded, above the earlier ones and the clock: two
/// minutes, or as many sessions. A process that is killed before its first commit has given out
/// some of them.
inline constexpr std::uint64_t kEpochsReservedAtStart = 120'000;

[[nodiscard]] inline std::uint64_t epoch_to_reserve(std::uint64_t stored, proto::WallTime now) {
    const auto unix_ms = std::max<std::int64_t>(0, now.time_since_epoch().count());
    return std::max(stored, static_cast<std::uint64_t>(unix_ms)) + kEpochsReservedAtStart;
}

/// Where commands are safe. Real stores and the in-memory one behave alike: calls are made on the
/// relay's thread and return at once; completions come on that same thread, later. Writes complete
/// in the order of their calls, and so do finds. A find may complete before a write that was called
/// earlier, but sees what that one wrote; it does not complete after one that was called later.
///
/// Nothing is refused: the ends of accepted commands must not be dropped, and their number is
/// bounded by the commands that were accepted. Whoever accepts asks `writable` first.
class CommandStore {
public:
    using Done = std::function<void()>;
    using Found = std::function<void(const std::optional<core::FinishedCommand>&)>;
    using Rows = std::function<void(std::vector<OutboxRow>)>;

    virtual ~CommandStore() = default;

    // ---- commands ----

    /// Makes an accepted command durable.
    virtual void accept(const core::Command& command, Done done) = 0;

    /// Replaces the unfinished command by its end and keeps the message that tells it, if there is
    /// one, all in one transaction.
    virtual void finish(core::FinishedCommand finished,
                        std::optional<OutboxRow> row,
                        Done done) = 0;

    void finish(core::FinishedCommand finished, Done done) {
        finish(std::move(finished), std::nullopt, std::move(done));
    }

    /// Goes with whatever transaction comes soon and forces none, so that after a restart
    /// attempts and reply_by are about right. With `done` it is durable before that is called:
    /// what must not be sent twice (at_most_once) waits for it.
    virtual void mark(Mark mark, Done done = {}) = 0;

    /// The finished command of this key, if it is still remembered.
    virtual void find_finished(const core::CommandKey& key, Found found) = 0;

    /// Age of the oldest end that is still remembered; repetitions of older ids are new commands.
    [[nodiscard]] virtual std::chrono::milliseconds dedup_horizon(proto::WallTime now) const = 0;

    // ---- messages ----

    /// A message that is not tied to an end.
    virtual void put_outbox(OutboxRow row, Done done) = 0;

    /// Those of these messages that are kept, in the order of the numbers.
    virtual void find_outbox(std::vector<std::uint64_t> numbers, Rows rows) = 0;

    /// Forgets messages, with whatever transaction comes soon.
    virtual void remove_outbox(std::vector<std::uint64_t> numbers) = 0;

    // ---- transactions ----

    /// The writes that `calls` makes are one transaction: all of them survive, or none does.
    /// `calls` is called at once; not within another.
    virtual void together(const std::function<void()>& calls) = 0;

    // ---- where the process stands; with whatever transaction comes soon ----

    /// What the ingress log holds up to `lsn` has been dealt with by the calls made so far.
    virtual void imported(std::uint64_t lsn) = 0;

    /// The highest `imported` that is durable: the log may forget up to here.
    [[nodiscard]] virtual std::uint64_t durable_lsn() const = 0;

    /// The broker has acknowledged every message up to this number, or refused it for good.
    virtual void acknowledged(std::uint64_t number) = 0;

    /// The highest session epoch that was given out.
    virtual void set_epoch(std::uint64_t epoch) = 0;

    // ---- state ----

    /// False: accept nothing now (no space, the disk failed, or too much waits to be written).
    [[nodiscard]] virtual bool writable() const = 0;

    /// False: the disk is full, and nothing completes until there is space.
    [[nodiscard]] virtual bool has_space() const = 0;

    /// Calls that somebody waits for and that are not durable yet; of what is being written, all.
    [[nodiscard]] virtual std::size_t backlog() const = 0;

    /// Everything an earlier process left. Once, before any other call; blocks. Monotonic times
    /// are those wall times that were stored, as seen from `now`. Throws
    /// std::runtime_error, with what to do, when what is stored cannot be read.
    [[nodiscard]] virtual Loaded load(core::Moment now) = 0;
};

}  // namespace dm::store
