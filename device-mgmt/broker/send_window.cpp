#include "device-mgmt/broker/send_window.hpp"

namespace dm::broker {

void SendWindow::reset(std::size_t capacity) {
    slots_.assign(capacity, std::nullopt);
    free_.clear();
    free_.reserve(capacity);
    for (std::size_t slot = capacity; slot > 0; --slot) {
        free_.push_back(slot - 1);
    }
}

std::optional<std::size_t> SendWindow::take(PublishTicket ticket) {
    if (free_.empty()) {
        return std::nullopt;
    }
    const std::size_t slot = free_.back();
    free_.pop_back();
    slots_[slot] = ticket;
    return slot;
}

std::optional<PublishTicket> SendWindow::give_back(std::size_t slot) {
    if (slot >= slots_.size() || !slots_[slot]) {
        return std::nullopt;
    }
    const PublishTicket ticket = *slots_[slot];
    slots_[slot].reset();
    free_.push_back(slot);
    return ticket;
}

std::vector<PublishTicket> SendWindow::give_back_all() {
    std::vector<PublishTicket> tickets;
    for (const auto& slot : slots_) {
        if (slot && *slot != 0) {
            tickets.push_back(*slot);
        }
    }
    reset(slots_.size());
    return tickets;
}

}  // namespace dm::broker
