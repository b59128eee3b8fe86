#include "device-mgmt/store/seq_index.hpp"

#include "device-mgmt/store/siphash.hpp"

#include <random>

namespace dm::store {

namespace {

std::uint64_t random_seed() {
    std::random_device random;
    return (std::uint64_t{random()} << 32U) | random();
}

}  // namespace

SeqIndex::SeqIndex() : seed0_(random_seed()), seed1_(random_seed()) {}

SeqIndex::Hash SeqIndex::hash(std::string_view text) const {
    return siphash(seed0_, seed1_, text, {});
}

SeqIndex::Row SeqIndex::row(const core::CommandKey& key, std::uint64_t seq) const {
    return {hash(key.id), hash(key.device.str()), seq};
}

void SeqIndex::add(const core::CommandKey& key, std::uint64_t seq) {
    added_.push_back(row(key, seq));
    add(added_.back());
}

void SeqIndex::remove(const core::CommandKey& key, std::uint64_t seq) {
    removed_.push_back(row(key, seq));
    remove(removed_.back());
}

void SeqIndex::add(const Row& row) {
    const auto [it, is_first] = by_id_.try_emplace(row.id);
    SameId& same = it->second;
    if (is_first) {
        same.device = row.device;
        same.seq = row.seq;
        return;
    }
    if (!same.others) {
        same.others = std::make_unique<std::multimap<Hash, std::uint64_t>>();
    }
    same.others->emplace(row.device, row.seq);
}

void SeqIndex::remove(const Row& row) {
    const auto it = by_id_.find(row.id);
    if (it == by_id_.end()) {
        return;
    }
    SameId& same = it->second;
    if (same.seq == row.seq) {
        if (!same.others) {
            by_id_.erase(it);
            return;
        }
        const auto next = same.others->begin();
        same.device = next->first;
        same.seq = next->second;
        same.others->erase(next);
    } else if (same.others) {
        const auto [begin, end] = same.others->equal_range(row.device);
        for (auto other = begin; other != end; ++other) {
            if (other->second == row.seq) {
                same.others->erase(other);
                break;
            }
        }
    }
    if (same.others && same.others->empty()) {
        same.others.reset();
    }
}

std::vector<std::uint64_t> SeqIndex::candidates(const core::CommandKey& key) const {
    std::vector<std::uint64_t> found;
    const auto it = by_id_.find(hash(key.id));
    if (it == by_id_.end()) {
        return found;
    }
    const SameId& same = it->second;
    const Hash device = hash(key.device.str());
    if (same.device == device) {
        found.push_back(same.seq);
    }
    if (same.others) {
        const auto [begin, end] = same.others->equal_range(device);
        for (auto other = begin; other != end; ++other) {
            found.push_back(other->second);
        }
    }
    return found;
}

std::vector<std::uint64_t> SeqIndex::candidates(std::string_view id, std::size_t limit) const {
    std::vector<std::uint64_t> found;
    const auto it = by_id_.find(hash(id));
    if (it == by_id_.end() || limit == 0) {
        return found;
    }
    found.push_back(it->second.seq);
    if (it->second.others) {
        for (auto other = it->second.others->begin();
             other != it->second.others->end() && found.size() < limit;
             ++other) {
            found.push_back(other->second);
        }
    }
    return found;
}

void SeqIndex::settle() {
    added_.clear();
    removed_.clear();
}

void SeqIndex::undo() {
    for (const Row& row : removed_) {
        add(row);
    }
    for (const Row& row : added_) {
        remove(row);
    }
    settle();
}

}  // namespace dm::store
