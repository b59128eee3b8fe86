#include "device-mgmt/core/subscriptions.hpp"

#include <algorithm>

namespace dm::core {

namespace {

auto find(std::vector<proto::StreamName>& streams, const proto::StreamName& wanted) {
    return std::find_if(streams.begin(), streams.end(), [&](const proto::StreamName& stream) {
        return stream.is_private == wanted.is_private && stream.name == wanted.name;
    });
}

}  // namespace

Subscriptions::Added Subscriptions::add(const proto::DeviceId& device,
                                        SessionRef session,
                                        const proto::StreamName& stream) {
    const auto it = wishes_.find(device);
    if (it != wishes_.end() && it->second.session != session) {
        drop(device);
    }
    Wishes& wishes = wishes_.try_emplace(device, Wishes{session, {}}).first->second;
    if (find(wishes.streams, stream) != wishes.streams.end()) {
        return Added::ok;
    }
    if (wishes.streams.size() >= kMaxSubscriptionsPerSession) {
        return Added::session_full;
    }
    if (size_ >= max_) {
        return Added::node_full;
    }
    wishes.streams.push_back(stream);
    ++size_;
    if (!stream.is_private) {
        public_[stream.name].insert(session);
    }
    return Added::ok;
}

void Subscriptions::remove(const proto::DeviceId& device,
                           SessionRef session,
                           const proto::StreamName& stream) {
    const auto it = wishes_.find(device);
    if (it == wishes_.end() || it->second.session != session) {
        return;
    }
    const auto found = find(it->second.streams, stream);
    if (found == it->second.streams.end()) {
        return;
    }
    it->second.streams.erase(found);
    forget(session, stream);
}

void Subscriptions::drop(const proto::DeviceId& device) {
    const auto it = wishes_.find(device);
    if (it == wishes_.end()) {
        return;
    }
    for (const proto::StreamName& stream : it->second.streams) {
        forget(it->second.session, stream);
    }
    wishes_.erase(it);
}

void Subscriptions::forget(SessionRef session, const proto::StreamName& stream) {
    --size_;
    if (stream.is_private) {
        return;
    }
    const auto it = public_.find(stream.name);
    it->second.erase(session);
    if (it->second.empty()) {
        public_.erase(it);
    }
}

std::vector<SessionRef> Subscriptions::readers(const proto::Name& public_stream) const {
    const auto it = public_.find(public_stream);
    return it == public_.end() ? std::vector<SessionRef>{}
                               : std::vector<SessionRef>(it->second.begin(), it->second.end());
}

std::optional<SessionRef> Subscriptions::reader(const proto::DeviceId& user,
                                                const proto::Name& private_stream) const {
    const auto it = wishes_.find(user);
    if (it == wishes_.end()) {
        return std::nullopt;
    }
    const auto& streams = it->second.streams;
    const bool wanted =
        std::any_of(streams.begin(), streams.end(), [&](const proto::StreamName& stream) {
            return stream.is_private && stream.name == private_stream;
        });
    return wanted ? std::optional(it->second.session) : std::nullopt;
}

}  // namespace dm::core
