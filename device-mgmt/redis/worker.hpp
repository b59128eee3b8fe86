#pragma once

#include "device-mgmt/redis/call_queue.hpp"
#include "device-mgmt/redis/calls.hpp"
#include "device-mgmt/redis/lease_watch.hpp"
#include "device-mgmt/redis/link.hpp"
#include "device-mgmt/redis/settings.hpp"
#include "device-mgmt/store/store_events.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace dm::redis {

/// The thread that talks to Redis. Natural group commit: what gathers while one pipeline is
/// answered is the next one, and Redis syncs its file before it answers any of it.
///
/// Without an answer within the timeout, and after every other passing trouble, the whole batch is
/// sent again until it has its answers, and nothing younger is sent before.
class Worker {
public:
    using OnLease = std::function<void(store::Lease)>;  ///< on the relay's thread

    /// Between attempts to connect.
    static constexpr std::chrono::milliseconds kFirstRetry{100};
    static constexpr std::chrono::milliseconds kLastRetry{1000};
    /// Between attempts when Redis has no memory.
    static constexpr std::chrono::milliseconds kMemoryRetry{1000};
    /// How long what nobody waits for stays here, and how often ends are pruned.
    static constexpr std::chrono::milliseconds kIdle{1000};
    /// Ends looked at for removal at once: some ms of Redis's time.
    static constexpr std::size_t kMaxPruned = 500;

    Worker(Calls& calls,
           Standing& standing,
           Link& link,
           store::Post post,
           store::StoreEvents events,
           OnLease on_lease);
    /// Sends what was called if Redis answers, gives the lease up, and ends the thread. Gives up at
    /// the first timeout.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// With the lease that was taken when the store was opened; the link is the thread's from now
    /// on.
    void start(LeaseWatch lease);

    // The relay's thread.
    /// False: it is one query, and too many wait.
    [[nodiscard]] bool push(std::vector<Call> calls) { return queue_.push(std::move(calls)); }

    // Any thread.
    [[nodiscard]] bool writable() const {
        return there_.load() && has_space() && queue_.has_room();
    }

    /// False: queries would be answered `failed`.
    [[nodiscard]] bool is_there() const { return there_.load(); }

    [[nodiscard]] core::Instant trusted_until() const { return trusted_until_.load(); }

    [[nodiscard]] bool has_space() const { return has_memory_.load(); }

    [[nodiscard]] std::size_t backlog() const { return queue_.urgent() + in_batch_.load(); }

private:
    enum class Next { go_on, end };

    void run();
    [[nodiscard]] Next take_turn();
    [[nodiscard]] Next reconnect();
    /// Whether it could be done; if not, `next` says how to go on.
    [[nodiscard]] bool renew_lease(Next& next);
    [[nodiscard]] bool prune(Next& next);
    [[nodiscard]] Next recover(const Outcome& outcome);
    /// Longer each time until something works again.
    [[nodiscard]] Next wait_before_retry();
    [[nodiscard]] Next wait_closed(std::chrono::milliseconds patience);
    void works_again();
    [[nodiscard]] Next fail(const std::string& reason);
    void conclude(std::vector<Reply> replies);
    void answer_queries_away();
    void look_at_lease();
    void tell_lease(std::optional<store::Lease> lease);
    void tell_writable(bool writable, const std::string& reason);
    void take_batch();
    [[nodiscard]] std::chrono::milliseconds patience() const;
    void release_lease();

    [[nodiscard]] core::Instant now() const { return calls_.settings().clock().mono; }

    Calls& calls_;  ///< of the relay's thread but for what is constant
    Standing& standing_;
    Link& link_;
    store::Post post_;
    store::StoreEvents events_;
    OnLease on_lease_;

    // The store's thread.
    std::vector<Call> batch_;  ///< not answered yet
    std::optional<LeaseWatch> lease_;
    std::uint64_t lease_tokens_ = 0;
    std::chrono::milliseconds retry_ = kFirstRetry;
    std::uint64_t prune_rank_ = 0;
    bool prune_more_ = true;
    core::Instant next_prune_{};
    core::Instant started_mono_{};
    proto::WallTime started_wall_{};
    bool told_unwritable_ = false;

    CallQueue queue_;
    std::atomic<std::size_t> in_batch_{0};
    std::atomic<bool> there_{true};
    std::atomic<core::Instant> trusted_until_{core::Instant{}};
    std::atomic<bool> has_memory_{true};
    std::thread thread_;
};

}  // namespace dm::redis
