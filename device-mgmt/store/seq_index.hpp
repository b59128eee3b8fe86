#pragma once

#include "device-mgmt/core/command.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dm::store {

/// Where the unfinished commands are in their table, by a hash of their key: about 50 bytes each,
/// and no index on disk whose pages every command would have to touch. Follows a transaction:
/// changes are kept with `settle` or taken back with `undo`.
class SeqIndex {
public:
    void add(const core::CommandKey& key, std::uint64_t seq);
    void remove(const core::CommandKey& key, std::uint64_t seq);

    /// Rows that may be this command's; almost always at most one.
    [[nodiscard]] std::vector<std::uint64_t> candidates(const core::CommandKey& key) const;

    void settle();
    void undo();

private:
    using Entry = std::pair<std::size_t, std::uint64_t>;

    void erase(const Entry& entry);

    std::unordered_multimap<std::size_t, std::uint64_t> seqs_;
    std::vector<Entry> added_;    ///< since the last settle or undo
    std::vector<Entry> removed_;  ///< likewise
};

}  // namespace dm::store
