#pragma once

#include "device-mgmt/core/command.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace dm::store {

/// Which commands have ended, as 64-bit hashes: tells for almost every new command, without a look
/// at the disk, that its id has not been used. 8 to 16 bytes per command: 64 MiB for five million.
///
/// Until `set_complete`, or once it is full, it knows nothing for sure and `may_contain` is always
/// true. Hashes are keyed by a random seed, so ids cannot be chosen to collide; that two of five
/// million do by chance has a probability of 10^-6 and would at worst run one repeated command a
/// second time. Any thread.
class KeySet {
public:
    /// 2^24 slots of 8 bytes, filled to three quarters: over twelve million keys.
    static constexpr std::size_t kMaxSlots = std::size_t{1} << 24U;

    explicit KeySet(std::size_t max_slots = kMaxSlots);

    [[nodiscard]] std::uint64_t hash(std::string_view device, std::string_view id) const;

    /// Returns whether it was there already, as far as is known.
    bool insert(std::uint64_t hash);
    void erase(std::uint64_t hash);
    void set_complete();

    [[nodiscard]] bool may_contain(std::uint64_t hash) const;
    [[nodiscard]] std::size_t size() const;

private:
    [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }

    [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const;
    void grow();

    std::uint64_t seed0_;
    std::uint64_t seed1_;
    std::size_t max_slots_;
    mutable std::mutex mutex_;
    std::vector<std::uint64_t> slots_;  ///< open addressing, 0: empty; guarded by mutex_
    std::size_t size_ = 0;              ///< guarded by mutex_
    bool complete_ = false;             ///< guarded by mutex_
    bool full_ = false;                 ///< guarded by mutex_
};

}  // namespace dm::store
