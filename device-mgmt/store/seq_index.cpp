#include "device-mgmt/store/seq_index.hpp"

#include <functional>

namespace dm::store {

void SeqIndex::add(const core::CommandKey& key, std::uint64_t seq) {
    added_.emplace_back(std::hash<core::CommandKey>{}(key), seq);
    seqs_.insert(added_.back());
}

void SeqIndex::remove(const core::CommandKey& key, std::uint64_t seq) {
    removed_.emplace_back(std::hash<core::CommandKey>{}(key), seq);
    erase(removed_.back());
}

std::vector<std::uint64_t> SeqIndex::candidates(const core::CommandKey& key) const {
    std::vector<std::uint64_t> found;
    const auto [begin, end] = seqs_.equal_range(std::hash<core::CommandKey>{}(key));
    for (auto it = begin; it != end; ++it) {
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
