#pragma once

#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/seq_index.hpp"
#include "protocol/query_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

/// The calls to a store, as values on their way to the writer.
namespace dm::store {

struct AcceptOp {
    core::Command command;
    CommandStore::Done done;
};

struct FinishOp {
    core::FinishedCommand finished;
    std::optional<OutboxRow> row;
    CommandStore::Done done;
    bool ended_before;  ///< an earlier end of this key is to be replaced
};

struct PutOutboxOp {
    OutboxRow row;
    CommandStore::Done done;
};

struct RemoveOutboxOp {
    std::vector<std::uint64_t> numbers;
};

struct MarkOp {
    Mark mark;
    CommandStore::Done done;  ///< may be empty
};

struct ImportedOp {
    std::uint64_t lsn;
};

struct AcknowledgedOp {
    std::uint64_t number;
};

struct EpochOp {
    std::uint64_t epoch;
};

struct DeviceOp {
    proto::DeviceDetails device;
};

struct FindOp {
    core::CommandKey key;
    CommandStore::Found found;
};

struct FindOutboxOp {
    std::vector<std::uint64_t> numbers;
    CommandStore::Rows rows;
};

/// To be handed to the readers once everything called before is in the database.
struct QueryOp {
    std::function<void(const SeqIndex&)> start;
    bool reads_devices = false;
};

using Op = std::variant<AcceptOp,
                        FinishOp,
                        PutOutboxOp,
                        RemoveOutboxOp,
                        MarkOp,
                        ImportedOp,
                        AcknowledgedOp,
                        EpochOp,
                        DeviceOp,
                        FindOp,
                        FindOutboxOp,
                        QueryOp>;

/// Whether somebody waits for it.
[[nodiscard]] bool is_urgent(const Op& op);

/// How many of them somebody waits for.
[[nodiscard]] std::size_t urgent_in(const std::vector<Op>& batch);

/// Whether it may read from the disk, or write more than one command's worth.
[[nodiscard]] bool is_heavy(const Op& op);

/// Roughly what it takes in memory and in a transaction.
[[nodiscard]] std::size_t bytes_of(const Op& op);

}  // namespace dm::store
