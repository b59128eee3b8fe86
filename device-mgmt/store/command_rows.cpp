#include "device-mgmt/store/command_rows.hpp"

#include "device-mgmt/store/history.hpp"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

namespace dm::store {

namespace {

constexpr std::string_view kInsert =
    "INSERT INTO accepted (seq, device, id, command, args, timeout_s, ttl_s, delivery,"
    " report_states, response_topic, correlation, traceparent, operator, accepted_at, send_by,"
    " reply_by, state, attempts, history, imported)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
/// Reads only columns in front of `args`: those behind a large one are a dozen pages away.
constexpr std::string_view kMark =
    "INSERT INTO steps (seq, state, attempts, reply_by, history)"
    " SELECT ?1, ?4, ?5, ?6, ?7 FROM accepted WHERE seq = ?1 AND id = ?2 AND device = ?3"
    " ON CONFLICT (seq) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,"
    " reply_by = coalesce(excluded.reply_by, reply_by), history = history || ',' || "
    "excluded.history";
constexpr std::string_view kFindUnfinished =
    "SELECT accepted_at, send_by, reply_by, attempts, operator, history FROM unfinished"
    " WHERE seq = ? AND id = ? AND device = ?";
constexpr std::string_view kInsertFinished =
    "INSERT INTO finished (number, seq, device, id, command, args, timeout_s, ttl_s, traceparent,"
    " operator, accepted_at, send_by, reply_by, state, attempts, by_reply, payload, message_id,"
    " finished_at, node, history, imported)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kFindFinished =
    "SELECT command, args, timeout_s, ttl_s, state, by_reply, payload, message_id, traceparent,"
    " finished_at FROM finished WHERE id = ? AND device = ?";
constexpr std::string_view kEachEnded =
    "SELECT number, device, id, finished_at, coalesce(reply_by, send_by) FROM finished"
    " WHERE number > ? ORDER BY number LIMIT ?";

std::optional<std::int64_t> to_ms_if_any(const std::optional<proto::WallTime>& time) {
    return time ? std::optional(to_ms(*time)) : std::nullopt;
}

}  // namespace

std::string_view word(proto::Delivery delivery) {
    return delivery == proto::Delivery::at_most_once ? "at_most_once" : "at_least_once";
}

proto::Delivery parse_delivery(std::string_view text) {
    return text == word(proto::Delivery::at_most_once) ? proto::Delivery::at_most_once
                                                       : proto::Delivery::at_least_once;
}

proto::CommandState stored_state(std::string_view text) {
    if (const auto state = proto::parse_command_state(text)) {
        return *state;
    }
    throw SqlError(SQLITE_CORRUPT, "a row has the unknown state '" + std::string(text) + "'");
}

proto::DeviceId stored_device(std::string_view text) {
    if (auto device = proto::DeviceId::parse(text)) {
        return *std::move(device);
    }
    throw SqlError(SQLITE_CORRUPT, "a row has the impossible device '" + std::string(text) + "'");
}

/// What is only known of a command from its acceptance on.
struct CommandRows::Acceptance {
    std::uint64_t seq = 0;
    std::int64_t accepted_at = 0;
    std::int64_t send_by = 0;
    std::optional<std::int64_t> reply_by;
    std::uint32_t attempts = 0;
    std::optional<std::string> operator_name;
    std::string history;
};

CommandRows::CommandRows(const Database& database, std::string node)
    : node_(std::move(node)),
      insert_(database, kInsert),
      mark_(database, kMark),
      find_unfinished_(database, kFindUnfinished),
      erase_accepted_(database, "DELETE FROM accepted WHERE seq = ?"),
      erase_steps_(database, "DELETE FROM steps WHERE seq = ?"),
      insert_finished_(database, kInsertFinished),
      erase_key_(database, "DELETE FROM finished WHERE id = ? AND device = ?"),
      find_finished_(database, kFindFinished),
      each_ended_(database, kEachEnded),
      erase_finished_(database, "DELETE FROM finished WHERE number = ?") {}

bool CommandRows::insert(std::uint64_t seq, const core::Command& command, std::uint64_t imported) {
    if (find_unfinished(command.key)) {
        return false;
    }
    std::optional<std::int64_t> reply_by;
    if (command.reply_by) {
        reply_by = to_ms(command.reply_by->wall);
    }
    std::optional<Blob> correlation;
    if (command.reply_to.correlation) {
        correlation = Blob{*command.reply_to.correlation};
    }
    seqs_.add(command.key, seq);
    insert_.run(seq,
                command.key.device.str(),
                command.key.id,
                command.content.command,
                command.content.args,
                command.content.timeout.count(),
                command.content.ttl.count(),
                word(command.delivery),
                command.report_states,
                command.reply_to.topic,
                correlation,
                command.traceparent,
                command.operator_name,
                to_ms(command.accepted_at.wall),
                to_ms(command.send_by.wall),
                reply_by,
                proto::word(command.state),
                command.attempts,
                history_step(command.accepted_at.wall, command.state, command.attempts),
                imported);
    return true;
}

void CommandRows::mark(const core::CommandKey& key, const HeldMark& mark) {
    for (const std::uint64_t seq : seqs_.candidates(key)) {
        mark_.run(seq,
                  key.id,
                  key.device.str(),
                  proto::word(mark.state),
                  mark.attempts,
                  to_ms_if_any(mark.reply_by),
                  mark.steps);
    }
}

std::optional<CommandRows::Acceptance> CommandRows::find_unfinished(const core::CommandKey& key) {
    std::optional<Acceptance> found;
    Statement& row = find_unfinished_;
    for (const std::uint64_t seq : seqs_.candidates(key)) {
        row.each(
            [&] {
                found = Acceptance{seq,
                                   row.integer(0),
                                   row.integer(1),
                                   row.integer_if_any(2),
                                   static_cast<std::uint32_t>(row.integer(3)),
                                   row.text_if_any(4),
                                   std::string(row.text(5))};
            },
            seq,
            key.id,
            key.device.str());
    }
    return found;
}

void CommandRows::finish(std::uint64_t number,
                         std::uint64_t& last_seq,
                         const core::FinishedCommand& finished,
                         const HeldMark* mark,
                         std::uint64_t imported) {
    auto accepted = find_unfinished(finished.key);
    if (accepted) {
        seqs_.remove(finished.key, accepted->seq);
        erase_accepted_.run(accepted->seq);
        erase_steps_.run(accepted->seq);
    } else {
        const std::int64_t at = to_ms(finished.finished_at);
        accepted = Acceptance{++last_seq, at, at, {}, 0, {}, {}};
    }
    if (mark != nullptr) {
        append_steps(accepted->history, mark->steps);
        accepted->attempts = std::max(accepted->attempts, mark->attempts);
        if (mark->reply_by) {
            accepted->reply_by = to_ms(*mark->reply_by);
        }
    }
    append_steps(accepted->history,
                 history_step(finished.finished_at, finished.state, accepted->attempts));
    insert_finished_.run(number,
                         accepted->seq,
                         finished.key.device.str(),
                         finished.key.id,
                         finished.content.command,
                         finished.content.args,
                         finished.content.timeout.count(),
                         finished.content.ttl.count(),
                         finished.traceparent,
                         accepted->operator_name,
                         accepted->accepted_at,
                         accepted->send_by,
                         accepted->reply_by,
                         proto::word(finished.state),
                         accepted->attempts,
                         finished.by_reply,
                         finished.payload,
                         finished.message_id,
                         to_ms(finished.finished_at),
                         node_,
                         accepted->history,
                         imported);
}

std::uint64_t CommandRows::erase_ended(const core::CommandKey& key) {
    return static_cast<std::uint64_t>(erase_key_.run(key.id, key.device.str()));
}

std::optional<core::FinishedCommand> CommandRows::find_finished(const core::CommandKey& key) {
    std::optional<core::FinishedCommand> found;
    Statement& row = find_finished_;
    row.each(
        [&] {
            found = core::FinishedCommand{key,
                                          {std::string(row.text(0)),
                                           std::string(row.text(1)),
                                           std::chrono::seconds(row.integer(2)),
                                           std::chrono::seconds(row.integer(3))},
                                          stored_state(row.text(4)),
                                          row.integer(5) != 0,
                                          std::string(row.text(6)),
                                          std::string(row.text(7)),
                                          row.text_if_any(8),
                                          from_ms(row.integer(9))};
        },
        key.id,
        key.device.str());
    return found;
}

void CommandRows::each_ended(std::uint64_t number,
                             std::size_t limit,
                             const std::function<void(const EndedRow&)>& row) {
    Statement& rows = each_ended_;
    rows.each(
        [&] {
            row(EndedRow{rows.natural(0),
                         from_ms(rows.integer(3)),
                         from_ms(rows.integer(4)),
                         {stored_device(rows.text(1)), std::string(rows.text(2))}});
        },
        number,
        limit);
}

void CommandRows::erase_ended(std::uint64_t number) {
    erase_finished_.run(number);
}

}  // namespace dm::store
