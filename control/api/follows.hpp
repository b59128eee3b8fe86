#pragma once

#include "control/queries/queries.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/deadline_queue.hpp"
#include "device-mgmt/http/responder.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace dm::control {

/// Streams that follow one command from the nodes' history, from a given step on: the same events
/// with the same ids on every instance. A status message is only a hint to ask; without one it asks
/// now and then. One thread.
class Follows {
public:
    static constexpr std::size_t kMaxFollows = 5000;
    static constexpr std::chrono::milliseconds kAskEvery{2000};
    static constexpr std::chrono::milliseconds kAskSoon{20};  ///< after a hint
    static constexpr std::chrono::seconds kCommentEvery{15};

    /// Answers an exchange whose stream has not begun.
    using Refuse = std::function<void(http::ExchangeId, const QueryProblem&)>;

    using Now = std::function<core::Instant()>;

    /// `responder` and `queries` must outlive it.
    Follows(http::Responder& responder, Queries& queries, Now now, Refuse refuse)
        : responder_(responder),
          queries_(queries),
          now_(std::move(now)),
          refuse_(std::move(refuse)) {}

    /// `after`: only steps behind this one.
    void start(http::ExchangeId exchange,
               proto::DeviceId device,
               std::string id,
               std::uint64_t after,
               core::Instant now);

    /// Something happened to a command.
    void hint(const std::string& device, const std::string& id, core::Instant now);

    void advance(core::Instant now);

    [[nodiscard]] std::optional<core::Instant> next() const { return deadlines_.next(); }

    bool gone(http::ExchangeId exchange);

    [[nodiscard]] bool is_full() const { return follows_.size() >= kMaxFollows; }

    [[nodiscard]] std::size_t size() const { return follows_.size(); }

    void end_all();

private:
    struct Follow {
        proto::DeviceId device;
        std::string id;
        std::uint64_t after = 0;
        bool begun = false;
        bool asking = false;
        bool hinted = false;  ///< meanwhile
        core::Instant deadline;
        core::Instant last_sent;
    };

    void ask(http::ExchangeId exchange, Follow& follow, core::Instant now);
    void take(http::ExchangeId exchange,
              const tl::expected<QueryResult, QueryProblem>& result,
              core::Instant now);
    void schedule(http::ExchangeId exchange, Follow& follow, core::Instant when);
    void forget(http::ExchangeId exchange);

    http::Responder& responder_;
    Queries& queries_;
    Now now_;
    Refuse refuse_;
    std::unordered_map<http::ExchangeId, Follow> follows_;
    std::unordered_multimap<std::string, http::ExchangeId> by_command_;  ///< device/id
    core::DeadlineQueue<char> deadlines_;
};

/// What an answer to a `command` question says, as events.
struct FollowedSteps {
    std::string events;       ///< text of the stream
    std::uint64_t after = 0;  ///< number of the last step
    bool cut = false;         ///< more can be had at once
    bool ended = false;
};

/// Reads the answer; empty when it is none.
[[nodiscard]] std::optional<FollowedSteps> read_steps(const QueryResult& answer,
                                                      const proto::DeviceId& device,
                                                      const std::string& id,
                                                      std::uint64_t after);

}  // namespace dm::control
