#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

namespace dm::loop {

/// Values from any thread to one loop, in order, handed over in batches: however many are pushed
/// between two turns of the loop, one post and one lock bring them all – or `max_batch` of them, so
/// that what else the loop has to do comes in between.
///
/// Unbounded by itself: whoever pushes looks at size() and does what its own bound says. Must
/// outlive the loop's run.
template <typename T>
class Channel {
public:
    /// Called on the loop; may move out of the batch, which is reused.
    using Drain = std::function<void(std::vector<T>& batch)>;

    Channel(asio::io_context& io, Drain drain, std::size_t max_batch = SIZE_MAX)
        : io_(io), drain_(std::move(drain)), max_batch_(max_batch) {}

    void push(T value) {
        bool wake = false;
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(value));
            wake = !std::exchange(scheduled_, true);
        }
        if (wake) {
            asio::post(io_, [this] { run(); });
        }
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return waiting_.size();
    }

    /// Waits until fewer than `bound` values wait, but no longer than `patience`. Not on the loop.
    void wait_below(std::size_t bound, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        room_.wait_for(lock, patience, [&] { return waiting_.size() < bound; });
    }

private:
    void run() {
        batch_.clear();
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.size() <= max_batch_) {
                batch_.swap(waiting_);
                scheduled_ = false;
            } else {
                const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(max_batch_);
                batch_.assign(std::make_move_iterator(waiting_.begin()),
                              std::make_move_iterator(end));
                waiting_.erase(waiting_.begin(), end);
                asio::post(io_, [this] { run(); });
            }
        }
        room_.notify_all();
        drain_(batch_);
    }

    asio::io_context& io_;
    Drain drain_;
    const std::size_t max_batch_;
    mutable std::mutex mutex_;
    std::condition_variable room_;
    std::vector<T> waiting_;  ///< guarded by mutex_
    bool scheduled_ = false;  ///< guarded by mutex_
    std::vector<T> batch_;    ///< the loop's
};

}  // namespace dm::loop
