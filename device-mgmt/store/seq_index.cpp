#include "device-mgmt/store/seq_index.hpp"

#include "device-mgmt/store/siphash.hpp"

#include <random>

namespace dm::store {

namespace {

constexpr std::uint64_t kLowerHalf = 0xffffffffU;

std::uint64_t random_seed() {
    std::random_device random;
    return (std::uint64_t{random()} << 32U) | random();
}

}  // namespace

SeqIndex::SeqIndex() : seed0_(random_seed()), seed1_(random_seed()) {}

SeqIndex::Hash SeqIndex::upper_half(std::string_view id) const {
    return siphash(seed0_, seed1_, id, {}) & ~kLowerHalf;
}

SeqIndex::Hash SeqIndex::hash(const core::CommandKey& key) const {
    return upper_half(key.id) | (siphash(seed0_, seed1_, key.device.str(), {}) & kLowerHalf);
}

void SeqIndex::add(const core::CommandKey& key, std::uint64_t seq) {
    added_.emplace_back(hash(key), seq);
    seqs_.insert(added_.back());
}

void SeqIndex::remove(const core::CommandKey& key, std::uint64_t seq) {
    removed_.emplace_back(hash(key), seq);
    erase(removed_.back());
}

std::vector<std::uint64_t> SeqIndex::candidates(const core::CommandKey& key) const {
    std::vector<std::uint64_t> found;
    const auto [begin, end] = seqs_.equal_range(hash(key));
    for (auto it = begin; it != end; ++it) {
        found.push_back(it->second);
    }
    return found;
}

std::vector<std::uint64_t> SeqIndex::candidates(std::string_view id, std::size_t limit) const {
    std::vector<std::uint64_t> found;
    const Hash upper = upper_half(id);
    for (auto it = seqs_.lower_bound(upper);
         it != seqs_.end() && (it->first & ~kLowerHalf) == upper && found.size() < limit;
         ++it) {
        found.push_back(it->second);
    }
    return found;
}

void SeqIndex::erase(const Entry& entry) {
    const auto [begin, end] = seqs_.equal_range(entry.first);
    for (auto it = begin; it != end; ++it) {
        if (it->second == entry.second) {
            seqs_.erase(it);
            return;
        }
    }
}

void SeqIndex::settle() {
    added_.clear();
    removed_.clear();
}

void SeqIndex::undo() {
    seqs_.insert(removed_.begin(), removed_.end());
    for (const Entry& entry : added_) {
        erase(entry);
    }
    settle();
}

}  // namespace dm::store
