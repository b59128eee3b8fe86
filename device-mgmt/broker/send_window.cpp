#include "device-mgmt/broker/send_window.hpp"

namespace dm::broker {

void SendWindow::reset(std::size_t capacity) {
    slots_.assign(capacity, std::nullopt);
    bytes_ = 0;
    free_.clear();
    free_.reserve(capacity);
    for (std::size_t slot = capacity; slot > 0; --slot) {
        free_.push_back(slot - 1);
    }
}

std::optional<std::size_t> SendWindow::take(PublishTicket ticket, std::size_t bytes) {
    if (free_.empty()) {
        return std::nullopt;
    }
    const std::size_t slot = free_.back();
    free_.pop_back();
    slots_[slot] = Taken{ticket, bytes};
    bytes_ += bytes;
    return slot;
}

std::optional<PublishTicket> SendWindow::give_back(std::size_t slot) {
    if (slot >= slots_.size() || !slots_[slot]) {
        return std::nullopt;
    }
    const Taken taken = *slots_[slot];
    slots_[slot].reset();
    bytes_ -= taken.bytes;
    free_.push_back(slot);
    return taken.ticket;
}

std::vector<PublishTicket> SendWindow::give_back_all() {
    std::vector<PublishTicket> tickets;
    for (const auto& slot : slots_) {
        if (slot && slot->ticket != 0) {
            tickets.push_back(slot->ticket);
        }
    }
    reset(slots_.size());
    return tickets;
}

}  // namespace dm::broker
