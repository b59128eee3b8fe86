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
/// between two turns of the loop, one post and one lock bring them all – or a limited part of them,
/// so that what else the loop has to do comes in between.
///
/// Unbounded by itself: whoever pushes looks at size() and does what its own bound says. Must
/// outlive the loop's run.
template <typename T>
class Channel {
public:
    /// Called on the loop; may move out of the batch, which is reused.
    using Drain = std::function<void(std::vector<T>& batch)>;

    using Weigh = std::function<std::size_t(const T&)>;

    /// With `weigh` a batch ends with the value by which its weight reaches `max_weight`.
    Channel(asio::io_context& io,
            Drain drain,
            std::size_t max_weight = SIZE_MAX,
            Weigh weigh = nullptr)
        : io_(io), drain_(std::move(drain)), max_weight_(max_weight), weigh_(std::move(weigh)) {}

    void push(T value) { push_unhurried(std::move(value), 1); }

    /// Like push, but wakes nobody: the value is taken with what is pushed next, or by collect().
    /// With `at_most` values waiting the loop is woken all the same.
    void push_unhurried(T value, std::size_t at_most) {
        bool wake = false;
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(value));
            wake = waiting_.size() >= at_most && !std::exchange(scheduled_, true);
        }
        if (wake) {
            asio::post(io_, [this] { run(); });
        }
    }

    /// Takes what waits, unless the loop has been woken for it. On the loop.
    void collect() {
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.empty() || std::exchange(scheduled_, true)) {
                return;
            }
        }
        run();
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
            const auto end = batch_end();
            if (end == waiting_.end()) {
                batch_.swap(waiting_);
                scheduled_ = false;
            } else {
                batch_.assign(std::make_move_iterator(waiting_.begin()),
                              std::make_move_iterator(end));
                waiting_.erase(waiting_.begin(), end);
                asio::post(io_, [this] { run(); });
            }
        }
        room_.notify_all();
        drain_(batch_);
    }

    /// With mutex_ held.
    [[nodiscard]] typename std::vector<T>::iterator batch_end() {
        if (!weigh_) {
            return waiting_.end();
        }
        auto end = waiting_.begin();
        for (std::size_t weight = 0; end != waiting_.end() && weight < max_weight_; ++end) {
            weight += weigh_(*end);
        }
        return end;
    }

    asio::io_context& io_;
    Drain drain_;
    const std::size_t max_weight_;
    const Weigh weigh_;
    mutable std::mutex mutex_;
    std::condition_variable room_;
    std::vector<T> waiting_;  ///< guarded by mutex_
    bool scheduled_ = false;  ///< guarded by mutex_
    std::vector<T> batch_;    ///< the loop's
};

}  // namespace dm::loop
