#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/deadline_queue.hpp"
#include "protocol/json_fields.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <tl/expected.hpp>

namespace dm::control {

/// Why a question has no result. `code` is a node's (docs/protocol.md, Queries) or `no_node`.
struct QueryProblem {
    std::string code;
    std::string message;
};

/// The fields of an answer, and its text.
struct QueryResult {
    std::string text;

    /// The JSON text of one field; empty if it is not there.
    [[nodiscard]] std::string field(std::string_view name) const;
};

/// Questions to the nodes over the broker. One thread.
class Queries {
public:
    static constexpr std::size_t kMaxWaiting = 10000;
    /// Asked again after a while, and given up: a node that dies takes its question along.
    static constexpr std::chrono::milliseconds kRepeatAfter{2500};
    static constexpr std::chrono::seconds kGiveUpAfter{5};

    using Publish = std::function<void(broker::OutboundMessage)>;
    using Answer = std::function<void(tl::expected<QueryResult, QueryProblem>)>;

    /// `response_topic` is subscribed to by this instance alone.
    Queries(std::string topic, std::string response_topic, Publish publish)
        : topic_(std::move(topic)),
          response_topic_(std::move(response_topic)),
          publish_(std::move(publish)) {}

    /// Publishes `question` (JSON); `answer` is called once, later, whatever happens.
    void ask(std::string question, Answer answer, core::Instant now);

    /// The same on another topic, for what only one node can answer.
    void ask_on(std::string topic, std::string question, Answer answer, core::Instant now);

    /// A message on the response topic; false if nobody waits for it.
    bool take(const broker::InboundMessage& message);

    void advance(core::Instant now);

    [[nodiscard]] std::optional<core::Instant> next() const { return deadlines_.next(); }

    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

private:
    using Number = std::uint64_t;

    struct Waiting {
        std::string topic;
        std::string question;
        Answer answer;
        core::Instant deadline;
        core::Instant give_up_at;
    };

    void publish(Number number, const Waiting& waiting);
    void finish(Number number, tl::expected<QueryResult, QueryProblem> result);

    std::string topic_;
    std::string response_topic_;
    Publish publish_;
    Number last_number_ = 0;
    std::unordered_map<Number, Waiting> waiting_;
    core::DeadlineQueue<char> deadlines_;
};

}  // namespace dm::control
