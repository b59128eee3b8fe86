#include "device-mgmt/loop/signals.hpp"

#include <csignal>

namespace dm::loop {

namespace {

sigset_t waited_for() {
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    return signals;
}

}  // namespace

void block_signals() {
    const sigset_t blocked = waited_for();
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

Signal wait_for_signal(std::chrono::milliseconds patience) {
    const sigset_t wanted = waited_for();
    const timespec limit{patience.count() / 1000, (patience.count() % 1000) * 1'000'000};
    const int signal = sigtimedwait(&wanted, nullptr, &limit);
    if (signal < 0) {
        return Signal::none;
    }
    return signal == SIGHUP ? Signal::reload : Signal::stop;
}

}  // namespace dm::loop
