#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

namespace dm::loop {

/// Values from any thread to one loop, in order, handed over in batches: however many are pushed
/// between two turns of the loop, one post and one lock bring them all.
///
/// Unbounded by itself: whoever pushes looks at size() and does what its own bound says. Must
/// outlive the loop's run.
template <typename T>
class Channel {
public:
    /// Called on the loop; may move out of the batch, which is reused.
    using Drain = std::function<void(std::vector<T>& batch)>;

    Channel(asio::io_context& io, Drain drain) : io_(io), drain_(std::move(drain)) {}

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
            batch_.swap(waiting_);
            scheduled_ = false;
        }
        room_.notify_all();
        drain_(batch_);
    }

    asio::io_context& io_;
    Drain drain_;
    mutable std::mutex mutex_;
    std::condition_variable room_;
    std::vector<T> waiting_;  ///< guarded by mutex_
    bool scheduled_ = false;  ///< guarded by mutex_
    std::vector<T> batch_;    ///< the loop's
};

}  // namespace dm::loop
