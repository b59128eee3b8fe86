#pragma once

#include "device-mgmt/store/operations.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

namespace dm::store {

/// Calls on their way from the relay's thread to the writer's, in order.
///
/// Unbounded by itself: beyond kMaxBacklog calls or kMaxBacklogBytes `has_room` is false, and
/// whoever accepts commands stops.
class OpQueue {
public:
    static constexpr std::size_t kMaxBacklog = 50'000;
    static constexpr std::size_t kMaxBacklogBytes = std::size_t{64} * 1024 * 1024;
    /// One transaction takes at most this much, and the rest of what belongs together.
    static constexpr std::size_t kMaxBatch = 4096;
    static constexpr std::size_t kMaxBatchBytes = std::size_t{8} * 1024 * 1024;
    /// So many calls that nobody waits for wake the writer all the same.
    static constexpr std::size_t kMaxIdle = 4096;

    /// A batch with at most this much may be written by the thread that calls.
    static constexpr std::size_t kMaxLight = 32;
    static constexpr std::size_t kMaxLightBytes = std::size_t{32} * 1024;

    /// Whether a push wakes the writer, if somebody waits for one of its calls.
    enum class Wake { yes, no };

    /// Calls that go into one batch, whatever its bounds.
    void push(std::vector<Op> together, Wake wake = Wake::yes);

    /// Waits until somebody waits for something, the queue is closed or nudged, or `patience` is
    /// over.
    void wait(std::chrono::milliseconds patience);

    /// Ends the wait.
    void nudge();

    /// The next batch, or nothing.
    [[nodiscard]] std::vector<Op> take();

    /// Little waits, and nothing of it is heavy.
    [[nodiscard]] bool is_light() const;

    /// Waits, but no longer when the queue is closed. True if it is.
    [[nodiscard]] bool wait_closed(std::chrono::milliseconds patience);

    void close();
    [[nodiscard]] bool closed() const;
    [[nodiscard]] bool has_room() const;
    [[nodiscard]] std::size_t size() const;

    /// Those that somebody waits for.
    [[nodiscard]] std::size_t urgent() const;

private:
    struct Entry {
        Op op;
        bool joined;  ///< goes into the batch of the one before
    };

    void add(Op op, bool joined);
    [[nodiscard]] bool is_due() const;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Entry> ops_;   ///< guarded by mutex_, like all that follows
    std::size_t bytes_ = 0;   ///< of ops_
    std::size_t urgent_ = 0;  ///< of ops_
    std::size_t heavy_ = 0;   ///< of ops_
    bool nudged_ = false;
    bool closed_ = false;
};

}  // namespace dm::store
