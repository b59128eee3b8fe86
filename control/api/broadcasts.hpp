#pragma once

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
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dm::control {

/// Which answers a broadcast has got and which it still waits for. Pure.
class BroadcastProgress {
public:
    /// One message on its Response Topic.
    struct Read {
        std::string name;      ///< of the event; empty: nothing to tell
        bool refused = false;  ///< a node knows no such group, or turned the whole away
        std::string code;      ///< then
        std::string message;   ///< then
    };

    [[nodiscard]] Read take(const std::string& payload);

    /// Whether `nodes` have answered and every command that one has addressed has ended.
    [[nodiscard]] bool is_complete(std::size_t nodes) const;

    [[nodiscard]] std::size_t answers() const { return answered_.size() + refusals_; }

    [[nodiscard]] bool all_refused() const { return answered_.empty() && refusals_ > 0; }

    /// `{"addressed":2,"succeeded":1,…}`
    [[nodiscard]] std::string summary() const;

private:
    std::set<std::string> answered_;      ///< nodes that told how many they address, or sent
    std::set<std::string> addressed_by_;  ///< nodes whose `addressed` is counted
    std::size_t refusals_ = 0;
    std::size_t addressed_ = 0;
    std::set<std::string> ended_;                        ///< ids of single commands
    std::unordered_map<std::string, std::size_t> ends_;  ///< by state
    std::size_t sent_ = 0;
};

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

    /// The connection to the broker was lost: the same again executes nothing twice.
    void reconnected();

    void end_all();

private:
    struct Entry {
        http::ExchangeId exchange = 0;
        broker::OutboundMessage message;
        bool repeatable = false;
        bool begun = false;
        BroadcastProgress progress;
        core::Instant nodes_until;
        core::Instant until;
        core::Instant last_sent;
    };

    void tell(Entry& entry, std::string text, core::Instant now);
    [[nodiscard]] bool end_if_over(Entry& entry, std::size_t nodes, core::Instant now);
    void end(Entry& entry, std::string_view why);

    http::Responder& responder_;
    proto::Topics topics_;
    std::string response_topic_;
    Publish publish_;
    Refuse refuse_;
    std::uint64_t last_number_ = 0;
    std::unordered_map<std::uint64_t, Entry> broadcasts_;
};

}  // namespace dm::control
