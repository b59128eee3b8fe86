#include "device-mgmt/relay/queries.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace dm::relay {

namespace {

using proto::QueryError;
using proto::QueryFailure;

tl::unexpected<QueryFailure> failure(QueryError code, std::string message) {
    return tl::unexpected(QueryFailure{code, std::move(message)});
}

QueryFailure explain(store::QueryProblem problem) {
    return problem == store::QueryProblem::busy
               ? QueryFailure{QueryError::busy, "the store has too many queries to answer"}
               : QueryFailure{QueryError::unavailable, "the store could not be read"};
}

proto::CommandSummary summary(const store::CommandRecord& record) {
    return {record.key.device,
            record.key.id,
            record.command,
            record.state,
            record.attempts,
            record.accepted_at,
            record.send_by,
            record.reply_by,
            record.finished_at,
            record.operator_name};
}

std::vector<proto::CommandSummary> summaries(const std::vector<store::CommandRecord>& records) {
    std::vector<proto::CommandSummary> list;
    list.reserve(records.size());
    std::transform(records.begin(), records.end(), std::back_inserter(list), summary);
    return list;
}

proto::CommandDetails details(const store::CommandRecord& record, std::uint64_t after_seq) {
    return {summary(record), numbered(record.history, after_seq), record.terminal};
}

}  // namespace

std::vector<proto::CommandStep> numbered(const std::vector<store::HistoryEntry>& history,
                                         std::uint64_t after_seq) {
    std::vector<proto::CommandStep> steps;
    std::uint64_t seq = 0;
    for (const store::HistoryEntry& entry : history) {
        seq = core::step_after(seq, entry.at);
        if (seq > after_seq) {
            steps.push_back({seq, entry.state, entry.attempt, entry.at, entry.node, entry.detail});
        }
    }
    return steps;
}

Queries::Queries(QuerySettings settings,
                 store::Store& store,
                 ops::Metrics& metrics,
                 core::Clock clock,
                 Tell tell)
    : settings_(std::move(settings)),
      store_(store),
      metrics_(metrics),
      clock_(std::move(clock)),
      tell_(std::move(tell)),
      rate_(settings_.max_per_s, 2 * settings_.max_per_s, clock_().mono) {}

void Queries::ask(const Question& question) {
    const core::Instant now = clock_().mono;
    const Open open{question.query ? proto::type_of(*question.query) : std::string_view(),
                    question.reply_to,
                    now};
    if (!question.query) {
        tell(open, tl::unexpected(question.query.error()));
    } else if (open_.size() >= kMaxInFlight) {
        tell(open, failure(QueryError::busy, "too many queries are under way"));
    } else if (!rate_.take(now)) {
        tell(open, failure(QueryError::busy, "more queries than queries.max_per_s"));
    } else {
        const Number number = next_++;
        open_.emplace(number, open);
        std::visit([&](const auto& query) { ask(number, query); }, *question.query);
    }
}

template <class What, class Write>
store::Store::Answer<What> Queries::answer(Number number, Write write) {
    return [this, number, write = std::move(write)](
               const tl::expected<What, store::QueryProblem>& found) {
        if (open_.count(number) == 0) {
            return;  // it has been answered: the store was too slow
        }
        const proto::AnswerWriter writer(settings_.node, clock_().wall);
        settle(number, found ? write(writer, *found) : tl::unexpected(explain(found.error())));
    };
}

void Queries::ask(Number number, const proto::CommandQuery& query) {
    if (!query.device) {
        ask_by_id(number, query);
        return;
    }
    using Found = std::optional<store::CommandRecord>;
    store_.find_command(
        {*query.device, query.id},
        answer<Found>(number, [after = query.after_seq](const auto& writer, const Found& found) {
            return found ? Result(writer.command(details(*found, after)))
                         : Result(failure(QueryError::not_found, "id: no such command"));
        }));
}

void Queries::ask_by_id(Number number, const proto::CommandQuery& query) {
    using Found = std::vector<store::CommandRecord>;
    store_.find_by_id(
        query.id,
        answer<Found>(number, [after = query.after_seq](const auto& writer, const Found& found) {
            if (found.empty()) {
                return Result(failure(QueryError::not_found, "id: no such command"));
            }
            if (found.size() == 1) {
                return Result(writer.command(details(found.front(), after)));
            }
            return Result(writer.same_id(summaries(found), found.size() >= store::kMaxWithSameId));
        }));
}

void Queries::ask(Number number, const proto::CommandsQuery& query) {
    store_.list(
        {query.device, query.state, query.limit, query.cursor},
        answer<store::CommandList>(
            number, [device = query.device](const auto& writer, const store::CommandList& found) {
                std::vector<std::uint64_t> places;
                for (const store::CommandRecord& record : found.commands) {
                    places.push_back(record.cursor);
                }
                return Result(
                    writer.commands(device, summaries(found.commands), places, found.next));
            }));
}

void Queries::ask(Number number, const proto::DeviceQuery& query) {
    using Found = std::optional<proto::DeviceDetails>;
    store_.find_device(
        query.device, answer<Found>(number, [](const auto& writer, const Found& found) {
            return found ? Result(writer.device(*found))
                         : Result(failure(QueryError::not_found, "device: never connected"));
        }));
}

void Queries::ask(Number number, const proto::DevicesQuery& query) {
    store_.list_devices(
        query,
        answer<store::DeviceList>(number, [](const auto& writer, const store::DeviceList& found) {
            return Result(writer.devices(found.devices, found.more));
        }));
}

void Queries::expire() {
    const core::Instant now = clock_().mono;
    while (!open_.empty() && now - open_.begin()->second.asked_at >= kPatience) {
        settle(open_.begin()->first,
               failure(QueryError::unavailable, "the store did not answer within 2 s"));
    }
}

void Queries::settle(Number number, const Result& result) {
    const auto node = open_.extract(number);
    tell(node.mapped(), result);
}

void Queries::tell(const Open& open, const Result& result) {
    metrics_.query(open.kind.empty() ? "invalid" : open.kind,
                   result ? "ok" : proto::word(result.error().code),
                   clock_().mono - open.asked_at);
    const proto::AnswerWriter writer(settings_.node, clock_().wall);
    tell_(result ? *result : writer.failure(open.kind, result.error()), open.reply_to);
}

}  // namespace dm::relay
