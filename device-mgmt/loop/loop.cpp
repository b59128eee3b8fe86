#include "device-mgmt/loop/loop.hpp"

#include "device-mgmt/log/log.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include <asio/post.hpp>
#include <pthread.h>

namespace dm::loop {

Loop::Loop(std::string name) : name_(std::move(name)) {}

Loop::~Loop() {
    stop();
}

void Loop::start(Tick tick) {
    tick_ = std::move(tick);
    expected_ = core::read_clock().mono;
    arm();
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

void Loop::run() {
    for (;;) {
        try {
            io_.run();
            return;
        } catch (const std::exception& defect) {
            defects_.fetch_add(1, std::memory_order_relaxed);
            log::error("loop_defect", {{"loop", name_}, {"what", defect.what()}});
        }
    }
}

void Loop::run_and_wait(const std::function<void()>& what) {
    if (!thread_.joinable()) {
        what();
        return;
    }
    std::promise<void> done;
    asio::post(io_, [&] {
        what();
        done.set_value();
    });
    done.get_future().wait();
}

void Loop::stop() {
    if (thread_.joinable()) {
        io_.stop();
        thread_.join();
    }
}

void Loop::arm() {
    expected_ += kTick;
    timer_.expires_at(expected_);
    timer_.async_wait([this](const std::error_code& error) {
        if (!error) {
            on_tick();
        }
    });
}

void Loop::on_tick() {
    const core::Moment now = core::read_clock();
    const auto late = std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - expected_);
    lags_[next_lag_] = late.count();
    next_lag_ = (next_lag_ + 1) % kLagWindow;
    lag_ms_.store(*std::max_element(lags_.begin(), lags_.end()), std::memory_order_relaxed);
    if (late > kTick) {
        expected_ = now.mono;  // after a stop: no burst of ticks to catch up
    }
    arm();
    tick_(now);
}

}  // namespace dm::loop
