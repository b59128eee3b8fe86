#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace dm::test {

/// Stands for a loop: what other threads post runs when the test says so, on the test's thread.
class Posted {
public:
    static constexpr std::chrono::seconds kWatchdog{30};

    [[nodiscard]] std::function<void(std::function<void()>)> post() {
        return [this](std::function<void()> what) {
            {
                const std::lock_guard lock(mutex_);
                waiting_.push_back(std::move(what));
            }
            wake_.notify_one();
        };
    }

    /// Runs what is posted, waiting for more, until `done()`; throws when nothing comes any more.
    void run_until(const std::function<bool()>& done) {
        while (!done()) {
            std::function<void()> next;
            {
                std::unique_lock lock(mutex_);
                if (!wake_.wait_for(lock, kWatchdog, [&] { return !waiting_.empty(); })) {
                    throw std::runtime_error("nothing was posted");
                }
                next = std::move(waiting_.front());
                waiting_.pop_front();
            }
            next();
            ++runs_;
        }
    }

    /// Functions that have run.
    [[nodiscard]] std::size_t runs() const { return runs_; }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> waiting_;
    std::size_t runs_ = 0;
};

}  // namespace dm::test
