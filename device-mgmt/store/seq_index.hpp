#pragma once

#include "device-mgmt/core/command.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dm::store {

/// Where the unfinished commands are in their table, by hashes of their keys: about 60 bytes each,
/// and no index on disk whose pages every command would have to touch. Follows a transaction:
/// changes are kept with `settle` or taken back with `undo`.
///
/// Hashes are keyed by a random seed, so ids cannot be chosen to collide. Finding one of many
/// commands with the same id takes O(log n). One thread (the writer's).
class SeqIndex {
public:
    SeqIndex();

    void add(const core::CommandKey& key, std::uint64_t seq);
    void remove(const core::CommandKey& key, std::uint64_t seq);

    /// Rows that may be this command's; almost always at most one.
    [[nodiscard]] std::vector<std::uint64_t> candidates(const core::CommandKey& key) const;

    /// At most `limit` rows that may be of a command with this id, whatever its device.
    [[nodiscard]] std::vector<std::uint64_t> candidates(std::string_view id,
                                                        std::size_t limit) const;

    void settle();
    void undo();

private:
    using Hash = std::uint64_t;

    struct Row {
        Hash id = 0;
        Hash device = 0;
        std::uint64_t seq = 0;
    };

    /// The commands with one id: most often one, for one device.
    struct SameId {
        Hash device = 0;
        std::uint64_t seq = 0;
        std::unique_ptr<std::multimap<Hash, std::uint64_t>> others;  ///< by device; never empty
    };

    [[nodiscard]] Hash hash(std::string_view text) const;
    [[nodiscard]] Row row(const core::CommandKey& key, std::uint64_t seq) const;
    void add(const Row& row);
    void remove(const Row& row);

    std::uint64_t seed0_;
    std::uint64_t seed1_;
    std::unordered_map<Hash, SameId> by_id_;
    std::vector<Row> added_;    ///< since the last settle or undo
    std::vector<Row> removed_;  ///< likewise
};

}  // namespace dm::store
