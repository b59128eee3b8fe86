#pragma once

#include "control/api/broadcast_progress.hpp"
#include "control/api/broadcast_stream.hpp"
#include "control/api/wishes.hpp"
#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/http/responder.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/topics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dm::control {

/// Broadcasts under way and the streams that tell about them. One thread.
class Broadcasts {
public:
    static constexpr std::size_t kMaxBroadcasts = 100;
    static constexpr std::chrono::seconds kNodesAnswerIn{
        5};                                            ///< those that do not are not waited for
    static constexpr std::chrono::seconds kGrace{45};  ///< beyond the commands' own deadlines
    static constexpr std::chrono::seconds kCommentEvery{15};

    using Publish = std::function<void(broker::OutboundMessage)>;
    using Refuse = std::function<void(http::ExchangeId, const Problem&)>;

    Broadcasts(http::Responder& responder,
               proto::Topics topics,
               std::string response_topic,
               Publish publish,
               Refuse refuse)
        : responder_(responder),
          topics_(std::move(topics)),
          response_topic_(std::move(response_topic)),
          publish_(std::move(publish)),
          refuse_(std::move(refuse)) {}

    [[nodiscard]] bool is_full() const { return broadcasts_.size() >= kMaxBroadcasts; }

    [[nodiscard]] std::size_t size() const { return broadcasts_.size(); }

    /// A command in it must have an id.
    void start(http::ExchangeId exchange,
               const BroadcastWish& wish,
               const std::string& operator_name,
               core::Instant now);

    /// A message on the response topic; `nodes` are up.
    bool take(const broker::InboundMessage& message, std::size_t nodes, core::Instant now);

    /// To be called a few times a second.
    void tick(std::size_t nodes, core::Instant now);

    bool gone(http::ExchangeId exchange);

    /// What was sent has been written.
    void drained(http::ExchangeId exchange);

    /// The connection to the broker was lost: the same again executes nothing twice.
    void reconnected();

    void end_all();

private:
    struct Entry {
        http::ExchangeId exchange = 0;
        broker::OutboundMessage message;
        bool repeatable = false;
        bool begun = false;
        bool writing = false;  ///< a batch is under way
        BroadcastProgress progress;
        BroadcastStream stream;
        core::Instant nodes_until;
        core::Instant until;
        core::Instant last_sent;
    };

    using Entries = std::unordered_map<std::uint64_t, Entry>;

    [[nodiscard]] Entries::iterator find(http::ExchangeId exchange);
    void write(Entry& entry);
    /// Whether nothing is left to do for it.
    [[nodiscard]] bool end_if_over(Entry& entry, std::size_t nodes, core::Instant now);
    bool end(Entry& entry, std::string_view why);

    http::Responder& responder_;
    proto::Topics topics_;
    std::string response_topic_;
    Publish publish_;
    Refuse refuse_;
    std::uint64_t last_number_ = 0;
    Entries broadcasts_;
};

}  // namespace dm::control
