#pragma once

#include "device-mgmt/core/clock.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace dm::loop {

/// One thread that runs one io_context, with a tick by which it also measures its own lag.
///
/// An exception that reaches the loop is a bug: it is logged, counted by `defects`, and the loop
/// goes on.
class Loop {
public:
    static constexpr std::chrono::milliseconds kTick{250};

    using Tick = std::function<void(core::Moment)>;

    explicit Loop(std::string name);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] asio::io_context& io() { return io_; }

    [[nodiscard]] const std::string& name() const { return name_; }

    /// Starts the thread; `tick` runs on it every kTick.
    void start(Tick tick);

    /// Runs `what` on the loop and waits for it; with the loop not running, runs it right here.
    /// Not on the loop itself.
    void run_and_wait(const std::function<void()>& what);

    /// Ends the thread after the handler that is running; what waits is not run. Idempotent.
    void stop();

    [[nodiscard]] bool on_this_thread() const {
        return thread_.get_id() == std::this_thread::get_id();
    }

    /// The longest delay of a tick within the last kLagWindow ticks.
    [[nodiscard]] std::chrono::milliseconds lag() const {
        return std::chrono::milliseconds(lag_ms_.load(std::memory_order_relaxed));
    }

    /// Exceptions that reached the loop.
    [[nodiscard]] std::uint64_t defects() const { return defects_.load(std::memory_order_relaxed); }

private:
    static constexpr std::size_t kLagWindow = 8;

    void run();
    void arm();
    void on_tick();

    std::string name_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    asio::steady_timer timer_{io_};
    Tick tick_;
    core::Instant expected_{};
    std::array<std::int64_t, kLagWindow> lags_{};
    std::size_t next_lag_ = 0;
    std::atomic<std::int64_t> lag_ms_{0};
    std::atomic<std::uint64_t> defects_{0};
    std::thread thread_;
};

}  // namespace dm::loop
