#include "device-mgmt/relay/outbox.hpp"

#include "device-mgmt/failpoint/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace dm::relay {

Outbox::Outbox(broker::Broker& broker,
               store::CommandStore& store,
               const std::vector<std::uint64_t>& kept,
               Parked parked)
    : broker_(broker), store_(store), parked_(std::move(parked)) {
    adopt(kept);
}

void Outbox::adopt(const std::vector<std::uint64_t>& numbers) {
    for (const std::uint64_t number : numbers) {
        stored_.add(number);
        next_number_ = std::max(next_number_, number + 1);
    }
}

void Outbox::put(Publication publication) {
    enqueue({std::move(publication)});
}

void Outbox::put_stored(std::uint64_t number, Publication publication) {
    if (held_ >= kMaxHeld) {
        stored_.add(number);
        return;
    }
    ++held_;
    enqueue({std::move(publication), number});
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
    enqueue({{std::move(message), std::nullopt}, 0, true});
}

bool Outbox::put_expendable(broker::OutboundMessage message) {
    if (rows_.size() >= kMaxExpendable) {
        return false;
    }
    enqueue({{std::move(message), std::nullopt}});
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
        if (it->second.number != 0) {
            failpoint::pass(failpoint::Point::reply_published);
        }
    }
    read_some();
}

void Outbox::read_some() {
    const bool room = held_ < kMaxHeld / 2 && waiting_.size() < kReadSlice;
    if (reading_ > 0 || stored_.unread() == 0 || !room || !broker_.connected()) {
        return;
    }
    std::vector<std::uint64_t> numbers = stored_.take_unread(kReadSlice);
    reading_ = numbers.size();
    store_.find_outbox(std::move(numbers), [this](std::vector<store::OutboxRow> rows) {
        reading_ = 0;
        for (store::OutboxRow& row : rows) {
            const std::uint64_t number = row.number;
            put_stored(number, to_publication(std::move(row)));
        }
        pump();
    });
}

void Outbox::published(broker::PublishTicket ticket,
                       broker::PublishResult result,
                       core::Instant now) {
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
            if (it->second.number != 0) {
                failpoint::pass(failpoint::Point::reply_acknowledged);
                stored_.acknowledged(it->second.number, now);
            }
            erase(ticket);
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
        erase(ticket);  // a newer state of the topic exists: never publish this one after it
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
    if (row.number != 0) {
        stored_.parked(row.number);
    }
    erase(ticket);
}

void Outbox::erase(Ticket ticket) {
    const auto it = rows_.find(ticket);
    held_ -= it->second.number != 0 ? 1U : 0U;
    rows_.erase(it);
}

void Outbox::distrust_broker() {
    stored_.distrust_broker();
    pump();
}

void Outbox::forget(core::Instant now) {
    std::vector<std::uint64_t> numbers = stored_.take_expired(now);
    if (!numbers.empty()) {
        store_.remove_outbox(std::move(numbers));
    }
}

void Outbox::retry() {
    waiting_.insert(waiting_.begin(), failed_.begin(), failed_.end());
    failed_.clear();
    pump();
}

}  // namespace dm::relay
