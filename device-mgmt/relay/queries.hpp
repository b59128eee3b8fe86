#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/token_bucket.hpp"
#include "device-mgmt/ops/metrics.hpp"
#include "device-mgmt/store/store.hpp"
#include "protocol/query_answer.hpp"
#include "protocol/query_request.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::relay {

/// What was asked on the query topic, or what is wrong with it; `reply_to` has a topic.
struct Question {
    tl::expected<proto::Query, proto::QueryFailure> query;
    core::ReplyTo reply_to;
};

struct QuerySettings {
    std::string node;
    double max_per_s = 1000;  ///< with bursts of twice as many; beyond: `busy`
};

/// The steps behind `after_seq`, numbered: max(last + 1, Unix ms of the step). So a number stays
/// the step's own, and steps that are told after a crash lost some come behind those.
[[nodiscard]] std::vector<proto::CommandStep> numbered(
    const std::vector<store::HistoryEntry>& history, std::uint64_t after_seq);

/// Answers questions from the store, each exactly once and within kPatience. One thread: the
/// relay's.
class Queries {
public:
    static constexpr std::size_t kMaxInFlight = 256;
    static constexpr std::chrono::seconds kPatience{2};

    using Tell = std::function<void(std::string answer, const core::ReplyTo& to)>;

    Queries(QuerySettings settings,
            store::Store& store,
            ops::Metrics& metrics,
            core::Clock clock,
            Tell tell);

    void ask(const Question& question);

    /// Answers for a store that does not; call several times a second.
    void expire();

    [[nodiscard]] std::size_t in_flight() const { return open_.size(); }

private:
    struct Open {
        std::string_view kind;
        core::ReplyTo reply_to;
        core::Instant asked_at;
    };

    using Number = std::uint64_t;

    void ask(Number number, const proto::CommandQuery& query);
    void ask(Number number, const proto::CommandsQuery& query);
    void ask(Number number, const proto::DeviceQuery& query);
    void ask(Number number, const proto::DevicesQuery& query);
    void ask_by_id(Number number, const proto::CommandQuery& query);

    /// A callback for the store: `write` makes the answer of what was found, or a failure.
    template <class What, class Write>
    [[nodiscard]] store::Store::Answer<What> answer(Number number, Write write);

    using Result = tl::expected<std::string, proto::QueryFailure>;

    void settle(Number number, const Result& result);
    void tell(const Open& open, const Result& result);

    QuerySettings settings_;
    store::Store& store_;
    ops::Metrics& metrics_;
    core::Clock clock_;
    Tell tell_;
    core::TokenBucket rate_;
    std::map<Number, Open> open_;  ///< rising with time
    Number next_ = 1;
};

}  // namespace dm::relay
