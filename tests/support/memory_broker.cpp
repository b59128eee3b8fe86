#include "tests/support/memory_broker.hpp"

#include "device-mgmt/broker/outbound_check.hpp"

#include <algorithm>
#include <utility>

namespace dm::test {

using broker::PublishResult;

void MemoryBroker::start(broker::BrokerListener& listener) {
    listener_ = &listener;
}

bool MemoryBroker::publish(broker::OutboundMessage message, broker::PublishTicket ticket) {
    if (listener_ == nullptr) {
        return false;
    }
    const bool publishable = broker::is_publishable(message);
    const bool taken = publishable && connected_ && !(message.qos == 0 && drop_qos0_);
    if (ticket != 0) {
        const auto untaken = publishable ? PublishResult::failed : PublishResult::refused;
        const auto answer = message.topic == refused_ && !refused_.empty()
                                ? PublishResult::refused
                                : PublishResult::acknowledged;
        outstanding_.push_back({ticket, taken ? answer : untaken});
    }
    if (taken) {
        published_.push_back({std::move(message), ticket});
    }
    return taken;
}

void MemoryBroker::stop(std::chrono::milliseconds /*grace*/) {
    settle_all();
    connected_ = false;
    listener_ = nullptr;
}

void MemoryBroker::connect(bool session_present) {
    connected_ = true;
    listener_->on_connected(session_present);
}

void MemoryBroker::disconnect(std::string_view reason) {
    connected_ = false;
    for (Outstanding& entry : outstanding_) {
        if (entry.result == PublishResult::acknowledged) {
            entry.result = PublishResult::failed;
        }
    }
    auto lost = std::exchange(outstanding_, {});
    listener_->on_disconnected(reason);
    for (const Outstanding& entry : lost) {
        listener_->on_published(entry.ticket, entry.result);
    }
}

void MemoryBroker::deliver(broker::InboundMessage message) {
    listener_->on_message(std::move(message));
}

std::size_t MemoryBroker::settle_all() {
    std::size_t reported = 0;
    while (!outstanding_.empty()) {
        for (const Outstanding& entry : std::exchange(outstanding_, {})) {
            listener_->on_published(entry.ticket, entry.result);
            ++reported;
        }
    }
    return reported;
}

bool MemoryBroker::settle(broker::PublishTicket ticket, PublishResult result) {
    const auto found =
        std::find_if(outstanding_.begin(), outstanding_.end(), [ticket](const Outstanding& entry) {
            return entry.ticket == ticket;
        });
    if (found == outstanding_.end()) {
        return false;
    }
    outstanding_.erase(found);
    listener_->on_published(ticket, result);
    return true;
}

std::vector<MemoryBroker::Published> MemoryBroker::take_published() {
    return std::exchange(published_, {});
}

std::vector<broker::OutboundMessage> MemoryBroker::published_to(std::string_view topic) const {
    std::vector<broker::OutboundMessage> found;
    for (const Published& entry : published_) {
        if (entry.message.topic == topic) {
            found.push_back(entry.message);
        }
    }
    return found;
}

}  // namespace dm::test
