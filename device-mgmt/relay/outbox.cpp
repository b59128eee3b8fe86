#include "device-mgmt/relay/outbox.hpp"

#include <utility>

namespace dm::relay {

Outbox::Outbox(broker::Broker& broker, Parked parked)
    : broker_(broker), parked_(std::move(parked)) {}

void Outbox::put(Publication publication) {
    enqueue({std::move(publication), false});
}

void Outbox::put_retained(broker::OutboundMessage message) {
    const auto [latest, is_new] = latest_.try_emplace(message.topic, next_);
    if (!is_new) {
        Row& row = rows_.at(latest->second);
        if (!row.in_flight) {
            row.publication.message = std::move(message);
            return;
        }
        latest->second = next_;
    }
    enqueue({{std::move(message), std::nullopt}, true});
}

bool Outbox::put_expendable(broker::OutboundMessage message) {
    if (rows_.size() >= kMaxExpendable) {
        return false;
    }
    enqueue({{std::move(message), std::nullopt}, false});
    return true;
}

void Outbox::enqueue(Row row) {
    const Ticket ticket = next_++;
    rows_.emplace(ticket, std::move(row));
    waiting_.push_back(ticket);
    pump();
}

void Outbox::pump() {
    while (broker_.connected() && in_flight_ < kMaxInFlight && !waiting_.empty()) {
        const Ticket ticket = waiting_.front();
        waiting_.pop_front();
        const auto it = rows_.find(ticket);
        if (it == rows_.end()) {
            continue;
        }
        it->second.in_flight = true;
        ++in_flight_;
        broker_.publish(it->second.publication.message, ticket);
    }
}

void Outbox::published(broker::PublishTicket ticket, broker::PublishResult result) {
    const auto it = rows_.find(ticket);
    if (it == rows_.end()) {
        return;
    }
    --in_flight_;
    it->second.in_flight = false;
    switch (result) {
        case broker::PublishResult::acknowledged:
            if (it->second.retained) {
                const auto latest = latest_.find(it->second.publication.message.topic);
                if (latest != latest_.end() && latest->second == ticket) {
                    latest_.erase(latest);
                }
            }
            rows_.erase(it);
            break;
        case broker::PublishResult::failed:
            failed(ticket);
            break;
        case broker::PublishResult::refused:
            refused(ticket);
            break;
    }
    pump();
}

void Outbox::failed(Ticket ticket) {
    const auto it = rows_.find(ticket);
    const auto latest = latest_.find(it->second.publication.message.topic);
    if (it->second.retained && (latest == latest_.end() || latest->second != ticket)) {
        rows_.erase(it);  // a newer state of the topic exists: never publish this one after it
        return;
    }
    failed_.push_back(ticket);
}

void Outbox::refused(Ticket ticket) {
    const auto it = rows_.find(ticket);
    Row& row = it->second;
    if (auto fallback = std::exchange(row.publication.fallback_topic, std::nullopt)) {
        row.publication.message.topic = std::move(*fallback);
        waiting_.push_back(ticket);
        return;
    }
    parked_(row.publication.message);
    if (row.retained) {
        latest_.erase(row.publication.message.topic);
    }
    rows_.erase(it);
}

void Outbox::retry() {
    waiting_.insert(waiting_.begin(), failed_.begin(), failed_.end());
    failed_.clear();
    pump();
}

}  // namespace dm::relay
