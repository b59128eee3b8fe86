#include "firmware-sim/console_loop.hpp"

#include <csignal>

namespace dm::sim {

ConsoleLoop::ConsoleLoop() : signals_(io_, SIGINT, SIGTERM), timer_(io_) {}

bool ConsoleLoop::run(std::chrono::milliseconds period, const std::function<bool()>& tick) {
    signals_.async_wait([this](const std::error_code& cancelled, int /*signal*/) {
        if (!cancelled) {
            interrupted_ = true;
            io_.stop();
        }
    });
    wait(period, tick);
    io_.run();
    std::error_code ignored;
    signals_.clear(ignored);  // back to the default: the next signal kills
    return interrupted_;
}

void ConsoleLoop::wait(std::chrono::milliseconds period, const std::function<bool()>& tick) {
    timer_.expires_after(period);
    timer_.async_wait([this, period, &tick](const std::error_code& cancelled) {
        if (cancelled) {
            return;
        }
        if (tick()) {
            wait(period, tick);
        } else {
            io_.stop();
        }
    });
}

}  // namespace dm::sim
