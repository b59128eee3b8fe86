#include "device-mgmt/broker/mqtt_broker.hpp"

#include "device-mgmt/broker/backoff.hpp"
#include "device-mgmt/broker/outbound_check.hpp"
#include "device-mgmt/broker/paho_connection.hpp"
#include "device-mgmt/broker/paho_options.hpp"
#include "device-mgmt/broker/send_queue.hpp"
#include "device-mgmt/broker/send_window.hpp"
#include "device-mgmt/core/clock.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace dm::broker {

namespace {

/// Beyond connect_timeout, which Paho checks every 3 s only.
constexpr std::chrono::seconds kConnectSlack{4};
/// For the DISCONNECT that ends the session.
constexpr std::chrono::seconds kDisconnectPatience{2};

class MqttBroker final : public Broker {
public:
    explicit MqttBroker(BrokerSettings settings)
        : settings_(std::move(settings)),
          backoff_(settings_.backoff_min, settings_.backoff_max),
          random_(std::random_device{}()) {}

    ~MqttBroker() override { stop(std::chrono::milliseconds{0}); }

    MqttBroker(const MqttBroker&) = delete;
    MqttBroker& operator=(const MqttBroker&) = delete;

    void start(BrokerListener& listener) override;
    bool publish(OutboundMessage message, PublishTicket ticket) override;
    void hold() override;
    void release() override;

    [[nodiscard]] bool connected() const override { return connected_; }

    void pause(std::string_view reason) override;
    void resume() override;
    void leave() override;
    void stop(std::chrono::milliseconds grace) override;

private:
    using Lock = std::unique_lock<std::mutex>;

    struct Verdict {
        PublishTicket ticket;
        PublishResult result;
    };

    /// What Paho's threads have said about the connection numbered `generation_`.
    struct LinkState {
        bool up = false;
        bool down = false;
        bool disconnected = false;
        std::size_t subscribed = 0;
        Connack connack;
        std::string reason;
    };

    template <class Change>
    void tell_worker(Change change);

    // Worker thread.
    void run();
    [[nodiscard]] bool establish(Lock& lock);
    void serve(Lock& lock);
    void work(Lock& lock);
    void leave_if_told(Lock& lock);
    [[nodiscard]] std::vector<SendQueue::Taken> take_sendable();
    void send(Lock& lock, const std::vector<SendQueue::Taken>& batch);
    void deliver_verdicts(Lock& lock);
    void lose(Lock& lock);
    void finish(Lock& lock);
    void check_progress();
    template <class Ready>
    bool wait(Lock& lock, std::chrono::milliseconds longest, Ready ready);

    // Paho's threads.
    [[nodiscard]] ConnectionEvents events_of(std::uint64_t generation);
    void on_down(std::uint64_t generation, std::string reason);
    void on_settled(std::uint64_t generation, std::size_t slot, PublishResult result);

    const BrokerSettings settings_;
    Backoff backoff_;                             ///< worker only
    std::minstd_rand random_;                     ///< worker only
    std::unique_ptr<PahoConnection> connection_;  ///< worker only
    BrokerListener* listener_ = nullptr;          ///< set before the threads exist
    std::atomic<bool> connected_{false};          ///< written under mutex_

    // Never held while Paho or the listener is called: Paho's callbacks come with Paho's lock held
    // and take this one, so the other order would deadlock.
    std::mutex mutex_;
    std::condition_variable wake_;
    SendQueue queue_;
    int held_ = 0;
    bool held_back_ = false;        ///< something was published meanwhile
    std::deque<Verdict> verdicts_;  ///< for the worker to report; as many as callers await
    SendWindow window_;
    LinkState link_;
    std::uint64_t generation_ = 0;  ///< of the connection whose events count
    std::uint64_t settled_ = 0;
    std::uint64_t settled_at_check_ = 0;
    std::size_t in_flight_at_check_ = 0;
    std::optional<std::string> paused_;  ///< why
    bool leaving_ = false;
    bool gave_up_ = false;    ///< the session of this connection; worker only
    bool congested_ = false;  ///< the socket is full, and will not say when it is not; worker only
    bool stopping_ = false;
    bool ended_ = false;  ///< the worker will report nothing more
    std::chrono::milliseconds grace_{0};
    std::thread worker_;
};

void MqttBroker::start(BrokerListener& listener) {
    listener_ = &listener;
    worker_ = std::thread([this] { run(); });
    pthread_setname_np(worker_.native_handle(), "broker");
}

bool MqttBroker::publish(OutboundMessage message, PublishTicket ticket) {
    const bool publishable = is_publishable(message);
    const std::size_t bytes = packet_bytes(message);
    bool taken = false;
    bool wake = false;
    {
        const Lock lock(mutex_);
        if (ended_) {
            return false;
        }
        if (publishable && connected_ && !stopping_ && queue_.has_room(message.qos, bytes)) {
            const bool too_large = bytes > link_.connack.maximum_packet_size;
            if (!too_large) {
                queue_.push(std::move(message), ticket, bytes);
                taken = true;
            } else if (ticket != 0) {
                verdicts_.push_back({ticket, PublishResult::refused});
            }
        } else if (ticket != 0) {
            verdicts_.push_back(
                {ticket, publishable ? PublishResult::failed : PublishResult::refused});
        }
        wake = held_ == 0;
        held_back_ = held_back_ || !wake;
    }
    if (wake) {
        wake_.notify_one();
    }
    return taken;
}

void MqttBroker::hold() {
    const Lock lock(mutex_);
    ++held_;
}

void MqttBroker::release() {
    bool wake = false;
    {
        const Lock lock(mutex_);
        --held_;
        wake = held_ == 0 && std::exchange(held_back_, false);
    }
    if (wake) {
        wake_.notify_one();
    }
}

/// Any thread: lets the worker see a change.
template <class Change>
void MqttBroker::tell_worker(Change change) {
    {
        const Lock lock(mutex_);
        change();
    }
    wake_.notify_one();
}

void MqttBroker::pause(std::string_view reason) {
    tell_worker([&] { paused_ = std::string(reason); });
}

void MqttBroker::resume() {
    tell_worker([this] { paused_.reset(); });
}

void MqttBroker::leave() {
    tell_worker([this] { leaving_ = true; });
}

void MqttBroker::stop(std::chrono::milliseconds grace) {
    tell_worker([&] {
        stopping_ = true;
        grace_ = grace;
    });
    if (worker_.joinable()) {
        worker_.join();
    }
}

/// Waits until `ready`, reporting verdicts meanwhile; false when `longest` has passed first.
template <class Ready>
bool MqttBroker::wait(Lock& lock, std::chrono::milliseconds longest, Ready ready) {
    const auto reached = [&] {
        deliver_verdicts(lock);
        return ready();
    };
    const auto end = core::read_clock().mono + longest;
    while (!reached()) {
        const auto now = core::read_clock().mono;
        if (now >= end) {
            return false;
        }
        wake_.wait_until(lock, congested_ ? std::min(now + kCongestionPoll, end) : end);
    }
    return true;
}

void MqttBroker::run() {
    Lock lock(mutex_);
    while (!stopping_) {
        if (!paused_ && establish(lock)) {
            serve(lock);
        }
        if (stopping_) {
            break;
        }
        if (paused_ && connected_) {
            link_.reason = *paused_;
        }
        lose(lock);
        while (!wait(lock, kProvenAfter, [this] { return !paused_ || stopping_; })) {
        }
        const auto pause = backoff_.next(std::uniform_real_distribution<>(0, 1)(random_));
        wait(lock, pause, [this] { return stopping_; });
    }
    finish(lock);
}

/// Connects and subscribes. False with the reason in link_ when that failed, or at stop.
bool MqttBroker::establish(Lock& lock) {
    const std::uint64_t generation = ++generation_;
    link_ = {};
    gave_up_ = false;
    const bool subscribes = !leaving_;
    lock.unlock();
    auto fresh = std::make_unique<PahoConnection>(settings_, kMaxInFlight, events_of(generation));
    PahoConnection::retire(std::exchange(connection_, std::move(fresh)));
    auto started = connection_->connect();
    lock.lock();
    const auto longest = settings_.connect_timeout + kConnectSlack;
    const auto settle = [&](auto reached, const char* what) {
        if (!started) {
            link_.reason = started.error();
            return false;
        }
        if (!wait(lock, longest, [&] { return reached() || link_.down || stopping_; })) {
            link_.reason = std::string("no ") + what + " from " + settings_.url + " in time";
        }
        return reached() && !link_.down && !stopping_;
    };
    if (!settle([this] { return link_.up; }, "CONNACK")) {
        return false;
    }
    lock.unlock();
    if (subscribes) {
        started = connection_->subscribe();
    }
    lock.lock();
    const std::size_t wanted = subscribes ? settings_.subscriptions.size() : 0;
    if (!settle([this, wanted] { return link_.subscribed == wanted; }, "SUBACK")) {
        return false;
    }
    const bool session_present = link_.connack.session_present;
    window_.reset(std::clamp<std::size_t>(link_.connack.receive_maximum, 1, kMaxInFlight));
    in_flight_at_check_ = 0;
    connected_ = true;
    lock.unlock();
    listener_->on_connected(session_present);
    lock.lock();
    return true;
}

/// Sends what is queued until the connection is lost, or until stop and its grace.
void MqttBroker::serve(Lock& lock) {
    const auto over = [&] {
        work(lock);
        return link_.down || stopping_ || paused_;
    };
    // `over` does the work, so traffic does not put the checks off.
    std::chrono::milliseconds longest = kProvenAfter;
    while (!wait(lock, longest, over)) {
        backoff_.reset();
        check_progress();
        longest = kAckTimeout;
    }
    if (stopping_) {
        wait(lock, grace_, [&] {
            work(lock);
            return link_.down || (queue_.empty() && window_.taken() == 0);
        });
    }
}

void MqttBroker::work(Lock& lock) {
    leave_if_told(lock);
    while (!link_.down) {
        const auto batch = take_sendable();
        if (batch.empty()) {
            break;
        }
        send(lock, batch);
        deliver_verdicts(lock);
        leave_if_told(lock);  // what was published after leave() comes behind the UNSUBSCRIBE
    }
}

void MqttBroker::leave_if_told(Lock& lock) {
    if (leaving_ && !link_.down && !std::exchange(gave_up_, true)) {
        lock.unlock();
        connection_->give_up_session();
        lock.lock();
    }
}

/// Messages off the queue for which there is room.
std::vector<SendQueue::Taken> MqttBroker::take_sendable() {
    congested_ = false;
    if (queue_.empty() || window_.full()) {
        return {};
    }
    const std::size_t unacknowledged = connection_->unacknowledged_bytes();
    auto batch = queue_.take(window_, unacknowledged);
    congested_ = batch.empty() && unacknowledged > 0;
    return batch;
}

/// Hands a batch to Paho.
void MqttBroker::send(Lock& lock, const std::vector<SendQueue::Taken>& batch) {
    std::vector<std::pair<std::size_t, PublishResult>> failed;
    lock.unlock();
    for (const SendQueue::Taken& next : batch) {
        if (const auto sent = connection_->send(next.message, next.slot); !sent) {
            failed.emplace_back(next.slot, sent.error());
        }
    }
    lock.lock();
    for (const auto& [slot, result] : failed) {
        const auto ticket = window_.give_back(slot);
        if (ticket && *ticket != 0) {
            verdicts_.push_back({*ticket, result});
        }
    }
}

void MqttBroker::deliver_verdicts(Lock& lock) {
    while (!verdicts_.empty()) {
        const std::deque<Verdict> batch = std::exchange(verdicts_, {});
        lock.unlock();
        for (const Verdict& verdict : batch) {
            listener_->on_published(verdict.ticket, verdict.result);
        }
        lock.lock();
    }
}

/// Publishes were outstanding at the last check and none was settled since: give up on it.
void MqttBroker::check_progress() {
    if (in_flight_at_check_ > 0 && settled_ == settled_at_check_ && !link_.down) {
        link_.down = true;
        link_.reason = "no PUBACK in time";
    }
    in_flight_at_check_ = window_.taken();
    settled_at_check_ = settled_;
}

/// From here on the connection does not count: reports the loss, then every ticket it had.
void MqttBroker::lose(Lock& lock) {
    ++generation_;
    connected_ = false;
    congested_ = false;
    for (const PublishTicket ticket : window_.give_back_all()) {
        verdicts_.push_back({ticket, PublishResult::failed});
    }
    for (const PublishTicket ticket : queue_.give_up()) {
        verdicts_.push_back({ticket, PublishResult::failed});
    }
    const std::string reason = std::move(link_.reason);
    link_ = {};
    lock.unlock();
    if (connection_) {
        connection_->disconnect();
    }
    if (!reason.empty()) {
        listener_->on_disconnected(reason);
    }
    lock.lock();
    deliver_verdicts(lock);
}

void MqttBroker::finish(Lock& lock) {
    link_.reason.clear();
    if (gave_up_ && !link_.down) {
        // To the end: destroying the handle would send a DISCONNECT that keeps the session.
        lock.unlock();
        connection_->disconnect();
        lock.lock();
        wait(lock, kDisconnectPatience, [this] { return link_.disconnected || link_.down; });
    }
    lose(lock);
    lock.unlock();
    PahoConnection::retire(std::move(connection_));
    lock.lock();
    deliver_verdicts(lock);
    ended_ = true;
}

ConnectionEvents MqttBroker::events_of(std::uint64_t generation) {
    ConnectionEvents events;
    events.up = [this, generation](const Connack& connack) {
        tell_worker([&] {
            if (generation == generation_) {
                link_.connack = connack;
                link_.up = true;
            }
        });
    };
    events.subscribed = [this, generation] {
        tell_worker([&] { link_.subscribed += generation == generation_ ? 1 : 0; });
    };
    events.disconnected = [this, generation] {
        tell_worker([&] { link_.disconnected = link_.disconnected || generation == generation_; });
    };
    events.down = [this, generation](std::string reason) {
        on_down(generation, std::move(reason));
    };
    events.settled = [this, generation](std::size_t slot, PublishResult result) {
        on_settled(generation, slot, result);
    };
    events.message = [this](InboundMessage message) { listener_->on_message(std::move(message)); };
    return events;
}

void MqttBroker::on_down(std::uint64_t generation, std::string reason) {
    {
        const Lock lock(mutex_);
        if (generation != generation_ || link_.down) {
            return;
        }
        link_.down = true;
        link_.reason = std::move(reason);
    }
    wake_.notify_one();
}

void MqttBroker::on_settled(std::uint64_t generation, std::size_t slot, PublishResult result) {
    std::optional<PublishTicket> ticket;
    bool worker_waits = false;
    {
        const Lock lock(mutex_);
        if (generation != generation_) {
            return;
        }
        ticket = window_.give_back(slot);
        ++settled_;
        worker_waits = stopping_ || !queue_.empty();
    }
    if (worker_waits) {
        wake_.notify_one();
    }
    if (ticket && *ticket != 0) {
        listener_->on_published(*ticket, result);
    }
}

}  // namespace

std::unique_ptr<Broker> make_mqtt_broker(BrokerSettings settings) {
    if (const auto url = paho_url(settings.url); !url) {
        throw std::invalid_argument(url.error());
    }
    return std::make_unique<MqttBroker>(std::move(settings));
}

}  // namespace dm::broker
