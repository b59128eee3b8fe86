#include "device-mgmt/relay/outbox.hpp"

#include "device-mgmt/failpoint/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace dm::relay {

Outbox::Outbox(broker::Broker& broker,
               store::CommandStore& store,
               const std::vector<std::uint64_t>& kept,
               std::uint64_t acknowledged,
               Parked parked)
    : broker_(broker),
      store_(store),
      parked_(std::move(parked)),
      next_number_(acknowledged + 1),
      highest_stored_(acknowledged),
      acknowledged_(acknowledged) {
    const auto open = std::upper_bound(kept.begin(), kept.end(), acknowledged);
    std::for_each(kept.begin(), open, [this](auto number) { stored_.add_doubted(number); });
    adopt({open, kept.end()});
}

void Outbox::adopt(const std::vector<std::uint64_t>& numbers) {
    for (const std::uint64_t number : numbers) {
        stored_.add(number);
        next_number_ = std::max(next_number_, number + 1);
        highest_stored_ = std::max(highest_stored_, number);
    }
}

void Outbox::put(Publication publication) {
    enqueue({std::move(publication)});
}

void Outbox::put_stored(std::uint64_t number, Publication publication) {
    highest_stored_ = std::max(highest_stored_, number);
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
    if (may_read()) {
        read(stored_.take_unread(kReadSlice));
    }
}

bool Outbox::may_read() const {
    return reading_ == 0 && held_ < kMaxHeld / 2 && waiting_.size() < kReadSlice &&
           broker_.connected();
}

void Outbox::read(std::vector<std::uint64_t> numbers) {
    if (numbers.empty()) {
        return;
    }
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

void Outbox::tick(core::Instant now) {
    std::vector<std::uint64_t> numbers = stored_.take_expired(now);
    if (!numbers.empty()) {
        store_.remove_outbox(std::move(numbers));
    }
    note_acknowledged();
    retry();
}

void Outbox::publish_doubted() {
    if (may_read()) {
        read(stored_.take_doubted());
    }
}

void Outbox::note_acknowledged() {
    if (reading_ > 0 || stored_.unread() > 0) {
        return;
    }
    std::uint64_t up_to = highest_stored_;
    for (const auto& [ticket, row] : rows_) {
        if (row.number > acknowledged_) {
            up_to = std::min(up_to, row.number - 1);
        }
    }
    if (up_to > acknowledged_) {
        acknowledged_ = up_to;
        store_.acknowledged(up_to);
    }
}

void Outbox::retry() {
    waiting_.insert(waiting_.begin(), failed_.begin(), failed_.end());
    failed_.clear();
    pump();
}

}  // namespace dm::relay
