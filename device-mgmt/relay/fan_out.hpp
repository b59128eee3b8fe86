#pragma once

#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/reports.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/broadcast_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dm::relay {

/// Messages on their way to sessions: one delivery per shard, whose answers are added up. One
/// thread: the relay's.
class FanOut {
public:
    /// Group messages whose deliveries are not all answered; beyond, they are refused.
    static constexpr std::size_t kMaxOpen = 256;

    using Post = std::function<void(std::uint32_t shard, core::Delivery delivery)>;

    /// What became of a group message; `answer.time` is left to the teller.
    using Done = std::function<void(proto::BroadcastSent answer, const core::ReplyTo& to)>;

    FanOut(Post post, Done done) : post_(std::move(post)), done_(std::move(done)) {}

    /// To the sessions of a group, with an answer. False, and nothing done, when kMaxOpen are open.
    [[nodiscard]] bool send(const proto::Name& group,
                            proto::JsonText data,
                            core::ReplyTo reply_to,
                            const std::vector<core::SessionRef>& sessions);

    /// To the readers of a stream, as devices name it.
    void send(std::string stream,
              proto::JsonText data,
              const std::vector<core::SessionRef>& sessions);

    void delivered(core::Delivered delivered);

private:
    struct Open {
        proto::BroadcastSent answer;
        core::ReplyTo reply_to;
        std::size_t shards;  ///< that have not answered
    };

    /// Returns how many shards got one.
    std::size_t post(std::uint64_t number,
                     proto::StreamMessage message,
                     const std::vector<core::SessionRef>& sessions);

    Post post_;
    Done done_;
    std::unordered_map<std::uint64_t, Open> open_;
    std::uint64_t next_ = 1;
};

}  // namespace dm::relay
