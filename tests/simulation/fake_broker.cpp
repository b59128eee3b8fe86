#include "tests/simulation/fake_broker.hpp"

#include "device-mgmt/broker/outbound_check.hpp"

#include <algorithm>
#include <utility>

namespace dm::simulation {

namespace {

using broker::PublishResult;

constexpr std::size_t kRememberedByOldState = 3;

/// What the broker's access rules deny (0x87).
bool is_denied(const std::string& topic) {
    return topic.rfind("denied/", 0) == 0;
}

}  // namespace

FakeBroker::FakeBroker(Run& run, Seen arrived, Seen delivered, Taken taken)
    : run_(run),
      arrived_(std::move(arrived)),
      delivered_(std::move(delivered)),
      taken_(std::move(taken)),
      deliveries_(run.schedule.begin_owner()) {}

void FakeBroker::publish(broker::InboundMessage message) {
    if (!is_up_ || !has_session_) {
        run_.note("broker: a publish is lost");
        return;
    }
    queue_.push_back({std::move(message), next_number_++, false});
    deliver_next();
}

void FakeBroker::cut() {
    if (client_ != nullptr) {
        run_.note("broker: connection cut");
        std::exchange(client_, nullptr)->lost();
    }
}

void FakeBroker::kill() {
    run_.note("broker: killed");
    is_up_ = false;
    run_.schedule.end_owner(deliveries_);
    deliveries_ = run_.schedule.begin_owner();
    cut();
    queue_.clear();
    has_session_ = run_.chance.one_in(3);
    retained_.clear();
    if (has_session_) {
        retained_ = saved_;
        for (broker::InboundMessage& old : acknowledged_lately_) {
            queue_.push_back({std::move(old), next_number_++, false});
        }
    }
    acknowledged_lately_.clear();
}

const std::string* FakeBroker::retained(const std::string& topic) const {
    const auto it = retained_.find(topic);
    return it == retained_.end() ? nullptr : &it->second;
}

bool FakeBroker::connected(BrokerClient& client) {
    client_ = &client;
    saved_ = retained_;
    return std::exchange(has_session_, true);
}

void FakeBroker::disconnected() {
    client_ = nullptr;
    for (Queued& queued : queue_) {
        queued.message.duplicate = queued.message.duplicate || queued.sent;
        queued.sent = false;
    }
}

void FakeBroker::deliver_next() {
    if (client_ == nullptr) {
        return;
    }
    for (Queued& queued : queue_) {
        if (queued.sent) {
            continue;
        }
        queued.sent = true;
        BrokerClient& client = *client_;
        run_.schedule.at(client.next(client.last_in_),
                         client.connection_,
                         [this, &client, message = queued.message, number = queued.number] {
                             client.listener_->on_message(message);
                             taken_(message);
                             client.then_();
                             // The PUBACK; where the connection is lost before, it comes again.
                             run_.schedule.at(client.next(client.last_ack_),
                                              client.connection_,
                                              [this, number] { acknowledged(number); });
                         });
    }
}

void FakeBroker::acknowledged(std::uint64_t number) {
    const auto it = std::find_if(queue_.begin(), queue_.end(), [number](const Queued& queued) {
        return queued.number == number;
    });
    if (it == queue_.end()) {
        return;
    }
    acknowledged_lately_.push_back(std::move(it->message));
    if (acknowledged_lately_.size() > kRememberedByOldState) {
        acknowledged_lately_.pop_front();
    }
    queue_.erase(it);
}

bool FakeBroker::falsify(broker::OutboundMessage& message) {
    const auto& properties = message.user_properties;
    const bool is_terminal = std::any_of(properties.begin(), properties.end(), [](const auto& one) {
        return one.first == "type" && one.second == "terminal";
    });
    if (run_.lies(Lie::puback_is_false)) {
        return !run_.chance.one_in(4);
    }
    if (run_.lies(Lie::acceptance_is_silent)) {
        return message.payload.find(R"("state":"accepted")") == std::string::npos;
    }
    if (run_.lies(Lie::payload_is_altered) && is_terminal && run_.chance.one_in(4)) {
        message.payload += ' ';
    }
    if (run_.lies(Lie::message_id_changes) && is_terminal && run_.chance.one_in(4)) {
        message.user_properties.front().second += "-2";
    }
    if (run_.lies(Lie::presence_is_stale) && message.retain && run_.chance.one_in(4)) {
        message.payload = retained_[message.topic];
        return !message.payload.empty();
    }
    return true;
}

PublishResult FakeBroker::arrived(broker::OutboundMessage message) {
    if (is_denied(message.topic)) {
        return PublishResult::refused;
    }
    if (run_.lie != Lie::none && !falsify(message)) {
        return PublishResult::acknowledged;
    }
    arrived_(message);
    if (message.retain) {
        retained_[message.topic] = message.payload;
    }
    last_delivery_ = std::max(last_delivery_, run_.now().mono + run_.chance.hop());
    run_.schedule.at(
        last_delivery_, deliveries_, [this, message = std::move(message)] { delivered_(message); });
    return PublishResult::acknowledged;
}

// ---- the node's side ----

BrokerClient::BrokerClient(Run& run, FakeBroker& broker, Schedule::Owner process)
    : run_(run), broker_(broker), process_(process) {}

BrokerClient::~BrokerClient() {
    if (is_connected_) {
        run_.schedule.end_owner(connection_);
        broker_.disconnected();
    }
}

void BrokerClient::start(broker::BrokerListener& listener) {
    listener_ = &listener;
    connect_later();
}

void BrokerClient::connect_later() {
    const auto wait = run_.chance.between(std::chrono::milliseconds(5),
                                          std::chrono::milliseconds(run_.calm ? 500 : 5000));
    run_.schedule.after(wait, process_, [this] { connect(); });
}

void BrokerClient::connect() {
    if (!broker_.is_up()) {
        listener_->on_disconnected("refused");
        then_();
        connect_later();
        return;
    }
    connection_ = run_.schedule.begin_owner();
    is_connected_ = true;
    const bool session_present = broker_.connected(*this);
    run_.note("node: broker connected, session present: {}", session_present);
    listener_->on_connected(session_present);
    then_();
    broker_.deliver_next();
}

void BrokerClient::lost() {
    run_.schedule.end_owner(connection_);
    is_connected_ = false;
    broker_.disconnected();
    listener_->on_disconnected("connection lost");
    for (const broker::PublishTicket ticket : std::exchange(outstanding_, {})) {
        listener_->on_published(ticket, PublishResult::failed);
    }
    then_();
    connect_later();
}

bool BrokerClient::publish(broker::OutboundMessage message, broker::PublishTicket ticket) {
    const bool is_publishable = broker::is_publishable(message);
    run_.require(is_publishable, "not publishable", message.topic);
    if (!is_publishable || !is_connected_) {
        if (ticket != 0) {
            const auto result = is_publishable ? PublishResult::failed : PublishResult::refused;
            run_.schedule.after(run_.chance.hop(), process_, [this, ticket, result] {
                listener_->on_published(ticket, result);
                then_();
            });
        }
        return false;
    }
    if (ticket != 0) {
        outstanding_.push_back(ticket);
    } else if (!run_.calm && run_.chance.one_in(8)) {
        return false;  // QoS 0 under pressure
    }
    run_.schedule.at(next(last_out_), connection_, [this, message = std::move(message), ticket] {
        const PublishResult result = broker_.arrived(message);
        if (ticket != 0) {
            run_.schedule.at(
                next(last_ack_), connection_, [this, ticket, result] { settle(ticket, result); });
        }
    });
    return true;
}

void BrokerClient::settle(broker::PublishTicket ticket, PublishResult result) {
    outstanding_.erase(std::remove(outstanding_.begin(), outstanding_.end(), ticket),
                       outstanding_.end());
    listener_->on_published(ticket, result);
    then_();
}

core::Instant BrokerClient::next(core::Instant& last) {
    last = std::max(last, run_.now().mono + run_.chance.hop());
    return last;
}

}  // namespace dm::simulation
