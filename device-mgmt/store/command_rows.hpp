#pragma once

#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/mark_buffer.hpp"
#include "device-mgmt/store/seq_index.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace dm::store {

/// Where a row stands: `seq` by acceptance, `number` by its end.
struct EndedRow {
    std::uint64_t number = 0;
    proto::WallTime finished_at;
    proto::WallTime deadline;  ///< reply_by, or send_by of a command that was not sent
    core::CommandKey key;
};

/// The tables of unfinished commands, `accepted` and `steps`, and of `finished` ones, as the writer
/// uses them, within its transactions.
class CommandRows {
public:
    CommandRows(const Database& database, std::string node);

    /// An unfinished command that is in the table since an earlier process; its number is its seq.
    void remember(const core::Command& command) { seqs_.add(command.key, command.number); }

    /// After a transaction was committed, and after it was rolled back.
    void settle() { seqs_.settle(); }

    void undo() { seqs_.undo(); }

    /// Of the unfinished commands.
    [[nodiscard]] const SeqIndex& seqs() const { return seqs_; }

    /// `imported`: up to where the ingress log is. False, and nothing happens, if there is an
    /// unfinished one with this key already.
    bool insert(std::uint64_t seq, const core::Command& command, std::uint64_t imported);

    /// Nothing happens if the command has ended.
    void mark(const core::CommandKey& key, const HeldMark& mark);

    /// Moves the command to the finished ones; `mark` is what is not written of it yet.
    /// An end whose acceptance is not stored gets the next seq after `last_seq`.
    void finish(std::uint64_t number,
                std::uint64_t& last_seq,
                const core::FinishedCommand& finished,
                const HeldMark* mark,
                std::uint64_t imported);

    /// Removes an earlier end of this key; returns how many there were.
    std::uint64_t erase_ended(const core::CommandKey& key);

    [[nodiscard]] std::optional<core::FinishedCommand> find_finished(const core::CommandKey& key);

    /// At most `limit` ends after `number`, oldest first.
    void each_ended(std::uint64_t number,
                    std::size_t limit,
                    const std::function<void(const EndedRow&)>& row);

    void erase_ended(std::uint64_t number);

private:
    struct Acceptance;

    [[nodiscard]] std::optional<Acceptance> find_unfinished(const core::CommandKey& key);

    std::string node_;
    SeqIndex seqs_;
    Statement insert_;
    Statement mark_;
    Statement find_unfinished_;
    Statement erase_accepted_;
    Statement erase_steps_;
    Statement insert_finished_;
    Statement erase_key_;
    Statement find_finished_;
    Statement each_ended_;
    Statement erase_finished_;
};

[[nodiscard]] std::string_view word(proto::Delivery delivery);
[[nodiscard]] proto::Delivery parse_delivery(std::string_view text);

/// A state as stored; an unknown word (a damaged row) is thrown.
[[nodiscard]] proto::CommandState stored_state(std::string_view text);

/// A device id as stored; an impossible one (a damaged row) is thrown.
[[nodiscard]] proto::DeviceId stored_device(std::string_view text);

}  // namespace dm::store
