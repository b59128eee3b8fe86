#pragma once

#include "device-mgmt/redis/call.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

namespace dm::redis {

/// Calls on their way from the relay's thread to the store's, in order.
///
/// Unbounded by itself: beyond kMaxBacklog calls or kMaxBacklogBytes `has_room` is false, and
/// whoever accepts commands stops.
class CallQueue {
public:
    static constexpr std::size_t kMaxBacklog = 50'000;
    static constexpr std::size_t kMaxBacklogBytes = std::size_t{64} * 1024 * 1024;
    /// One pipeline takes at most this much, and the rest of what is joined.
    static constexpr std::size_t kMaxBatch = 1000;
    static constexpr std::size_t kMaxBatchBytes = std::size_t{4} * 1024 * 1024;
    /// So many calls that nobody waits for wake the store's thread all the same.
    static constexpr std::size_t kMaxIdle = 1000;
    /// Queries beyond are answered busy.
    static constexpr std::size_t kMaxQueries = 5000;

    /// False, and nothing is taken: it is a query, and too many wait.
    [[nodiscard]] bool push(std::vector<Call> calls);

    /// Waits until somebody waits for something, the queue is closed, or `patience` is over.
    void wait(std::chrono::milliseconds patience);

    /// The next batch, or nothing.
    [[nodiscard]] std::vector<Call> take();

    /// Takes all queries out.
    [[nodiscard]] std::vector<Call> take_queries();

    /// Waits, but no longer when the queue is closed. True if it is.
    [[nodiscard]] bool wait_closed(std::chrono::milliseconds patience);

    void close();
    [[nodiscard]] bool closed() const;
    [[nodiscard]] bool has_room() const;
    /// Calls that somebody waits for.
    [[nodiscard]] std::size_t urgent() const;

private:
    void count_out(const Call& call);
    [[nodiscard]] bool is_due() const;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Call> calls_;   ///< guarded by mutex_, like all that follows
    std::size_t bytes_ = 0;    ///< of calls_
    std::size_t urgent_ = 0;   ///< of calls_
    std::size_t queries_ = 0;  ///< of calls_
    bool closed_ = false;
};

}  // namespace dm::redis
