#pragma once

#include "device-mgmt/core/command.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::store {

/// Where the unfinished commands are in their table, by hashes of their keys: about 64 bytes each,
/// and no index on disk whose pages every command would have to touch. Follows a transaction:
/// changes are kept with `settle` or taken back with `undo`.
///
/// Hashes are keyed by a random seed, so ids cannot be chosen to collide. One thread (the
/// writer's).
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
    /// The id's hash in the upper half, the device's in the lower: same ids are neighbours.
    using Hash = std::uint64_t;
    using Entry = std::pair<const Hash, std::uint64_t>;

    [[nodiscard]] Hash upper_half(std::string_view id) const;
    [[nodiscard]] Hash hash(const core::CommandKey& key) const;
    void erase(const Entry& entry);

    std::uint64_t seed0_;
    std::uint64_t seed1_;
    std::multimap<Hash, std::uint64_t> seqs_;
    std::vector<Entry> added_;    ///< since the last settle or undo
    std::vector<Entry> removed_;  ///< likewise
};

}  // namespace dm::store
