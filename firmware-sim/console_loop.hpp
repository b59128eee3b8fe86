#pragma once

#include <chrono>
#include <functional>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

namespace dm::sim {

/// The main thread: calls `tick` regularly until it answers false, or SIGINT or SIGTERM comes. From
/// then on a second signal ends the process at once.
class ConsoleLoop {
public:
    ConsoleLoop();

    /// For work that other threads post.
    [[nodiscard]] asio::io_context& io() { return io_; }

    /// Returns whether a signal ended it.
    bool run(std::chrono::milliseconds period, const std::function<bool()>& tick);

private:
    void wait(std::chrono::milliseconds period, const std::function<bool()>& tick);

    asio::io_context io_{1};
    asio::signal_set signals_;
    asio::steady_timer timer_;
    bool interrupted_ = false;
};

}  // namespace dm::sim
