#include "device-mgmt/store/key_set.hpp"

#include "device-mgmt/store/siphash.hpp"

#include <algorithm>
#include <random>

namespace dm::store {

namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint64_t random_word(std::random_device& source) {
    return (std::uint64_t{source()} << 32U) | source();
}

}  // namespace

KeySet::KeySet(std::size_t max_slots)
    : max_slots_(max_slots), slots_(std::min(kFirstSlots, max_slots)) {
    std::random_device source;
    seed0_ = random_word(source);
    seed1_ = random_word(source);
}

std::uint64_t KeySet::hash(std::string_view device, std::string_view id) const {
    const std::uint64_t hash = siphash(seed0_, seed1_, device, id);
    return hash == 0 ? 1 : hash;
}

std::size_t KeySet::slot_of(std::uint64_t hash) const {
    std::size_t slot = home(hash);
    while (slots_[slot] != 0 && slots_[slot] != hash) {
        slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
}

bool KeySet::insert(std::uint64_t hash) {
    const std::lock_guard lock(mutex_);
    if (full_) {
        return false;
    }
    if (size_ + 1 > slots_.size() / 4 * 3) {
        if (slots_.size() * 2 > max_slots_) {
            full_ = true;
            slots_ = {};
            return false;
        }
        grow();
    }
    const std::size_t slot = slot_of(hash);
    const bool is_new = slots_[slot] == 0;
    size_ += is_new ? 1U : 0U;
    slots_[slot] = hash;
    return !is_new;
}

void KeySet::grow() {
    std::vector<std::uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    for (const std::uint64_t hash : old) {
        if (hash != 0) {
            slots_[slot_of(hash)] = hash;
        }
    }
}

void KeySet::erase(std::uint64_t hash) {
    const std::lock_guard lock(mutex_);
    if (full_) {
        return;
    }
    std::size_t hole = slot_of(hash);
    if (slots_[hole] == 0) {
        return;
    }
    --size_;
    // Close the gap: whatever follows and would not be found across it moves into it.
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t next = (hole + 1) & mask; slots_[next] != 0; next = (next + 1) & mask) {
        const std::size_t distance_from_home = (next - home(slots_[next])) & mask;
        const std::size_t distance_from_hole = (next - hole) & mask;
        if (distance_from_home >= distance_from_hole) {
            slots_[hole] = slots_[next];
            hole = next;
        }
    }
    slots_[hole] = 0;
}

void KeySet::set_complete() {
    const std::lock_guard lock(mutex_);
    complete_ = true;
}

bool KeySet::may_contain(std::uint64_t hash) const {
    const std::lock_guard lock(mutex_);
    if (!complete_ || full_) {
        return true;
    }
    return slots_[slot_of(hash)] != 0;
}

std::size_t KeySet::size() const {
    const std::lock_guard lock(mutex_);
    return size_;
}

}  // namespace dm::store
