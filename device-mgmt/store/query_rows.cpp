#include "device-mgmt/store/query_rows.hpp"

#include "device-mgmt/store/command_rows.hpp"
#include "device-mgmt/store/history.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

namespace dm::store {

namespace {

constexpr std::string_view kUnfinishedColumns =
    "SELECT device, id, command, state, attempts, accepted_at, send_by, reply_by, NULL, operator,"
    " NULL, seq, NULL, history FROM unfinished WHERE ";
constexpr std::string_view kFinishedColumns =
    "SELECT device, id, command, state, attempts, accepted_at, send_by, reply_by, finished_at,"
    " operator, payload, number, node, history FROM finished WHERE ";

/// Columns that a list does not need are not read.
enum class Detail { full, brief };

/// An end's history tells in its last step what the terminal message says of the reason.
constexpr std::string_view kSteps =
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each('[' || ? || ']')";
constexpr std::string_view kReason =
    "SELECT coalesce(?1 ->> '$.error.code', ?1 ->> '$.status', '')";

std::optional<proto::WallTime> time_if_any(const Statement& row, int column) {
    const auto ms = row.integer_if_any(column);
    return ms ? std::optional(from_ms(*ms)) : std::nullopt;
}

CommandRecord read_record(const Statement& row, Detail detail) {
    CommandRecord record{{stored_device(row.text(0)), std::string(row.text(1))},
                         std::string(row.text(2)),
                         stored_state(row.text(3)),
                         static_cast<std::uint32_t>(row.integer(4)),
                         from_ms(row.integer(5)),
                         from_ms(row.integer(6)),
                         time_if_any(row, 7),
                         time_if_any(row, 8),
                         row.text_if_any(9),
                         {},
                         row.natural(11),
                         {}};
    if (detail == Detail::full) {
        record.terminal = row.text_if_any(10);
    }
    return record;
}

/// Fills in the histories of records that were just read.
class HistoryReader {
public:
    explicit HistoryReader(const Database& database)
        : steps_(database, kSteps), reason_(database, kReason) {}

    void read(CommandRecord& record, const std::string& steps, const std::string& node) {
        steps_.each(
            [&] {
                record.history.push_back({from_ms(steps_.integer(0)),
                                          stored_state(steps_.text(1)),
                                          static_cast<std::uint32_t>(steps_.integer(2)),
                                          node,
                                          std::string(steps_.text(3))});
            },
            steps);
        if (record.terminal && !record.history.empty()) {
            reason_.each([&] { record.history.back().detail = reason_.text(0); }, *record.terminal);
        }
    }

private:
    Statement steps_;
    Statement reason_;
};

/// Records with their histories, of both tables.
class FullReader {
public:
    FullReader(const Database& database, std::string node, std::size_t limit)
        : database_(database), node_(std::move(node)), limit_(limit) {}

    /// `condition` on the key, with its values.
    template <class... Values>
    std::vector<CommandRecord> read(const SeqsIfKnown& unfinished,
                                    const std::string& condition,
                                    const Values&... values) {
        if (unfinished) {
            Statement rows(database_, std::string(kUnfinishedColumns) + condition + " AND seq = ?");
            for (const std::uint64_t seq : *unfinished) {
                rows.each([&] { take(rows); }, values..., seq);
            }
        } else {
            read_table(kUnfinishedColumns, condition, values...);
        }
        read_table(kFinishedColumns, condition, values...);
        HistoryReader reader(database_);
        for (std::size_t i = 0; i < records_.size(); ++i) {
            reader.read(records_[i], histories_[i].steps, histories_[i].node);
        }
        return std::move(records_);
    }

private:
    struct RawHistory {
        std::string steps;
        std::string node;
    };

    template <class... Values>
    void read_table(std::string_view columns,
                    const std::string& condition,
                    const Values&... values) {
        if (records_.size() < limit_) {
            Statement rows(database_, std::string(columns) + condition + " LIMIT ?");
            rows.each([&] { take(rows); }, values..., limit_ - records_.size());
        }
    }

    void take(const Statement& row) {
        if (records_.size() < limit_) {
            records_.push_back(read_record(row, Detail::full));
            histories_.push_back(
                {std::string(row.text(13)), row.is_null(12) ? node_ : std::string(row.text(12))});
        }
    }

    const Database& database_;
    std::string node_;
    std::size_t limit_;
    std::vector<CommandRecord> records_;
    std::vector<RawHistory> histories_;
};

/// Unfinished commands come before ended ones in a list.
constexpr std::uint64_t kUnfinishedCursor = std::uint64_t{1} << 62U;

class ListReader {
public:
    ListReader(const Database& database, const ListRequest& request)
        : database_(database),
          request_(request),
          limit_(std::clamp<std::size_t>(request.limit, 1, kMaxListed)),
          before_(std::min(request.cursor.value_or(2 * kUnfinishedCursor - 1),
                           2 * kUnfinishedCursor - 1)) {
        if (request.state) {
            state_ = proto::word(*request.state);
        }
    }

    CommandList read() {
        if (before_ > kUnfinishedCursor) {
            read_unfinished();
        }
        read_finished();
        if (list_.commands.size() > limit_) {
            list_.commands.resize(limit_, list_.commands.front());
            list_.next = list_.commands.back().cursor;
        }
        return std::move(list_);
    }

private:
    /// One more than asked for, to know whether something follows.
    [[nodiscard]] std::size_t missing() const { return limit_ + 1 - list_.commands.size(); }

    void read_unfinished() {
        Statement rows(database_,
                       std::string(kUnfinishedColumns) +
                           "device = ?1 AND seq < ?2 AND (?3 IS NULL OR state = ?3)"
                           " ORDER BY seq DESC LIMIT ?4");
        rows.each(
            [&] {
                list_.commands.push_back(read_record(rows, Detail::brief));
                list_.commands.back().cursor += kUnfinishedCursor;
            },
            request_.device.str(),
            before_ - kUnfinishedCursor,
            state_,
            missing());
    }

    /// Part by part of the index, the latest first.
    void read_finished() {
        Statement rows(database_,
                       std::string(kFinishedColumns) +
                           "number >> 14 = ?1 AND device = ?2 AND number < ?3"
                           " AND (?4 IS NULL OR state = ?4) ORDER BY number DESC LIMIT ?5");
        Statement first(database_, "SELECT min(number) >> 14 FROM finished");
        Statement last(database_, "SELECT max(number) >> 14 FROM finished");
        std::int64_t oldest = 0;
        std::int64_t newest = -1;
        first.each([&] { oldest = first.integer(0); });
        last.each([&] { newest = last.is_null(0) ? -1 : last.integer(0); });
        newest = std::min(newest, static_cast<std::int64_t>(before_ >> 14U));
        for (std::int64_t part = newest; part >= oldest && missing() > 0; --part) {
            rows.each([&] { list_.commands.push_back(read_record(rows, Detail::brief)); },
                      part,
                      request_.device.str(),
                      before_,
                      state_,
                      missing());
        }
    }

    const Database& database_;
    const ListRequest& request_;
    std::size_t limit_;
    std::uint64_t before_;
    std::optional<std::string_view> state_;
    CommandList list_;
};

}  // namespace

std::optional<CommandRecord> read_command(const Database& database,
                                          const std::string& node,
                                          const core::CommandKey& key,
                                          const SeqsIfKnown& unfinished) {
    auto records = FullReader(database, node, 1)
                       .read(unfinished, "id = ? AND device = ?", key.id, key.device.str());
    if (records.empty()) {
        return std::nullopt;
    }
    return std::move(records.front());
}

std::vector<CommandRecord> read_by_id(const Database& database,
                                      const std::string& node,
                                      const std::string& id,
                                      const SeqsIfKnown& unfinished) {
    return FullReader(database, node, kMaxWithSameId).read(unfinished, "id = ?", id);
}

CommandList read_list(const Database& database, const ListRequest& request) {
    return ListReader(database, request).read();
}

}  // namespace dm::store
