#include "device-mgmt/broker/send_queue.hpp"

#include "device-mgmt/broker/mqtt_broker.hpp"

#include <utility>

namespace dm::broker {

bool SendQueue::has_room(int qos, std::size_t bytes) const {
    const std::size_t bound = qos == 0 ? kMaxQueuedPublishes / 2 : kMaxQueuedPublishes;
    return waiting_.size() < bound && bytes_ + bytes <= kMaxQueuedBytes;
}

void SendQueue::push(OutboundMessage message, PublishTicket ticket, std::size_t bytes) {
    bytes_ += bytes;
    waiting_.push_back({std::move(message), ticket, bytes});
}

std::vector<SendQueue::Taken> SendQueue::take(SendWindow& window, std::size_t unacknowledged) {
    std::vector<Taken> batch;
    while (!waiting_.empty() && !window.full() && batch.size() < kBatch) {
        Waiting& next = waiting_.front();
        const std::size_t before = window.bytes() + unacknowledged;
        if (before != 0 && before + next.bytes > kMaxInFlightBytes) {
            break;
        }
        bytes_ -= next.bytes;
        const auto slot = window.take(next.ticket, next.bytes);
        batch.push_back({std::move(next.message), *slot});
        waiting_.pop_front();
    }
    return batch;
}

std::vector<PublishTicket> SendQueue::give_up() {
    std::vector<PublishTicket> tickets;
    for (const Waiting& waiting : waiting_) {
        if (waiting.ticket != 0) {
            tickets.push_back(waiting.ticket);
        }
    }
    waiting_.clear();
    bytes_ = 0;
    return tickets;
}

}  // namespace dm::broker
