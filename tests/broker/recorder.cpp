#include "tests/broker/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dm::test {

namespace {

constexpr std::chrono::seconds kWatchdog{20};

}  // namespace

std::size_t Recorder::Seen::count(broker::PublishResult result) const {
    return static_cast<std::size_t>(
        std::count_if(outcomes.begin(), outcomes.end(), [result](const auto& entry) {
            return entry.second.front() == result;
        }));
}

void Recorder::on_connected(bool session_present) {
    const std::lock_guard lock(mutex_);
    seen_.connects.push_back(session_present);
    changed_.notify_all();
}

void Recorder::on_disconnected(std::string_view reason) {
    const std::lock_guard lock(mutex_);
    seen_.disconnects.emplace_back(reason);
    changed_.notify_all();
}

void Recorder::on_message(broker::InboundMessage message) {
    const std::lock_guard lock(mutex_);
    seen_.messages.push_back(std::move(message));
    changed_.notify_all();
}

void Recorder::on_published(broker::PublishTicket ticket, broker::PublishResult result) {
    const std::lock_guard lock(mutex_);
    seen_.outcomes[ticket].push_back(result);
    changed_.notify_all();
}

bool Recorder::wait(const std::function<bool(const Seen&)>& ready) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kWatchdog, [&] { return ready(seen_); });
}

Recorder::Seen Recorder::seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
}

bool Recorder::wait_connected(std::size_t times) {
    return wait([times](const Seen& seen) { return seen.connects.size() >= times; });
}

bool Recorder::wait_messages(std::size_t count) {
    return wait([count](const Seen& seen) { return seen.messages.size() >= count; });
}

}  // namespace dm::test
