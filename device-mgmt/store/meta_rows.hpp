#pragma once

#include "device-mgmt/store/sqlite.hpp"

#include <cstdint>

namespace dm::store {

/// Where the store stands, as one value: the table `meta`, and what younger rows add to it.
struct Meta {
    std::uint64_t epoch = 0;         ///< highest session epoch given out
    std::uint64_t ingress_lsn = 0;   ///< the ingress log is imported up to here
    std::uint64_t accepted = 0;      ///< last seq given out
    std::uint64_t ended = 0;         ///< last number of an end
    std::uint64_t finished = 0;      ///< rows in `finished`
    std::uint64_t devices = 0;       ///< rows in `devices`
    std::uint64_t acknowledged = 0;  ///< messages of `outbox` up to here were
};

/// The table alone.
[[nodiscard]] Meta load_saved_meta(const Database& database);

/// The table, and the rows of commands that were written after it.
[[nodiscard]] Meta load_meta(Database& database);

/// The table, in the writer's transactions. It is not written in each: a commit of one command has
/// few pages, and this would be one of them.
class MetaRows {
public:
    explicit MetaRows(const Database& database);

    /// Commands that are accepted, or that end, before the table must be written again: so many
    /// rows are read at the next start.
    static constexpr std::uint64_t kMaxYounger = 1000;

    /// Whether the rows of this transaction do not tell what has changed. `by_rows`: a command was
    /// accepted or has ended with it, and none was removed.
    [[nodiscard]] static bool must_save(const Meta& saved, const Meta& now, bool by_rows);

    /// Writes what has changed.
    void save(const Meta& saved, const Meta& now);

private:
    Statement save_;
};

}  // namespace dm::store
