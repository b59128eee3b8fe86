#include "device-mgmt/relay/fan_out.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace dm::relay {

bool FanOut::send(const proto::Name& group,
                  proto::JsonText data,
                  core::ReplyTo reply_to,
                  const std::vector<core::SessionRef>& sessions) {
    if (open_.size() >= kMaxOpen) {
        return false;
    }
    const std::uint64_t number = next_++;
    Open open{{group, {}, {}, sessions.size(), 0}, std::move(reply_to), 0};
    open.shards = post(number, {std::nullopt, group.str(), std::move(data)}, sessions);
    if (open.shards == 0) {
        done_(std::move(open.answer), open.reply_to);
    } else {
        open_.emplace(number, std::move(open));
    }
    return true;
}

void FanOut::send(std::string stream,
                  proto::JsonText data,
                  const std::vector<core::SessionRef>& sessions) {
    post(0, {std::move(stream), std::nullopt, std::move(data)}, sessions);
}

std::size_t FanOut::post(std::uint64_t number,
                         proto::StreamMessage message,
                         const std::vector<core::SessionRef>& sessions) {
    std::map<std::uint32_t, std::vector<std::uint64_t>> by_shard;
    for (const core::SessionRef& session : sessions) {
        by_shard[session.shard].push_back(session.session);
    }
    const auto shared = std::make_shared<const proto::StreamMessage>(std::move(message));
    for (auto& [shard, numbers] : by_shard) {
        post_(shard, {number, shared, std::move(numbers)});
    }
    return by_shard.size();
}

void FanOut::delivered(core::Delivered delivered) {
    const auto it = open_.find(delivered.number);
    if (it == open_.end()) {
        return;
    }
    Open& open = it->second;
    open.answer.sent += delivered.sent;
    if (--open.shards == 0) {
        done_(std::move(open.answer), open.reply_to);
        open_.erase(it);
    }
}

}  // namespace dm::relay
