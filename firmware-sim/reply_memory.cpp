#include "firmware-sim/reply_memory.hpp"

#include <utility>

namespace dm::sim {

ReplyMemory::Known ReplyMemory::known(const std::string& id) const {
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        return Known::no;
    }
    return found->second.finished ? Known::replied : Known::executing;
}

bool ReplyMemory::begin(const std::string& id) {
    bool forgot = false;
    if (order_.size() == kMaxIds) {
        const auto oldest = entries_.find(order_.front());
        forgot = oldest->second.finished && !oldest->second.acknowledged;
        entries_.erase(oldest);
        order_.pop_front();
    }
    entries_.emplace(id, Entry{});
    order_.push_back(id);
    return forgot;
}

void ReplyMemory::finish(proto::Reply reply) {
    const auto found = entries_.find(reply.id);
    if (found != entries_.end()) {
        found->second.reply = std::move(reply);
        found->second.finished = true;
    }
}

const proto::Reply* ReplyMemory::reply(const std::string& id) const {
    const auto found = entries_.find(id);
    return found != entries_.end() && found->second.finished ? &found->second.reply : nullptr;
}

void ReplyMemory::acknowledged(const std::string& id) {
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.finished) {
        found->second.acknowledged = true;
    }
}

std::vector<proto::Reply> ReplyMemory::unacknowledged() const {
    std::vector<proto::Reply> replies;
    for (const auto& id : order_) {
        const auto& entry = entries_.at(id);
        if (entry.finished && !entry.acknowledged) {
            replies.push_back(entry.reply);
        }
    }
    return replies;
}

std::vector<std::string> ReplyMemory::interrupted() const {
    std::vector<std::string> ids;
    for (const auto& id : order_) {
        if (!entries_.at(id).finished) {
            ids.push_back(id);
        }
    }
    return ids;
}

}  // namespace dm::sim
