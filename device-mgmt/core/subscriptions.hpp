#pragma once

#include "device-mgmt/core/session_ref.hpp"
#include "protocol/frames.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dm::core {

inline constexpr std::size_t kMaxSubscriptionsPerSession = 64;

/// Which session wants which stream. A session is here under its device: there is one of each.
/// One thread: the relay's.
class Subscriptions {
public:
    enum class Added {
        ok,
        session_full,  ///< kMaxSubscriptionsPerSession
        node_full,     ///< `max` of all sessions
    };

    explicit Subscriptions(std::size_t max) : max_(max) {}

    /// What an earlier session of the device wanted is over.
    [[nodiscard]] Added add(const proto::DeviceId& device,
                            SessionRef session,
                            const proto::StreamName& stream);

    /// Nothing happens when an other session of the device, or none, wants the stream.
    void remove(const proto::DeviceId& device, SessionRef session, const proto::StreamName& stream);

    /// The device's session is over.
    void drop(const proto::DeviceId& device);

    [[nodiscard]] std::vector<SessionRef> readers(const proto::Name& public_stream) const;

    /// The session of `user` if it wants that private stream.
    [[nodiscard]] std::optional<SessionRef> reader(const proto::DeviceId& user,
                                                   const proto::Name& private_stream) const;

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct RefHash {
        std::size_t operator()(const SessionRef& ref) const noexcept {
            return std::hash<std::uint64_t>{}((ref.session << 8U) ^ ref.shard);
        }
    };

    struct Wishes {
        SessionRef session;
        std::vector<proto::StreamName> streams;
    };

    void forget(SessionRef session, const proto::StreamName& stream);

    std::size_t max_;
    std::size_t size_ = 0;
    std::unordered_map<proto::DeviceId, Wishes> wishes_;
    std::unordered_map<proto::Name, std::unordered_set<SessionRef, RefHash>>
        public_;  ///< none empty
};

}  // namespace dm::core
