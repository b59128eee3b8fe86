#pragma once

#include "device-mgmt/store/command_store.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <unordered_map>

namespace dm::store {

struct MemoryStoreSettings {
    std::chrono::hours keep_finished{24};
    std::size_t keep_finished_max = 5'000'000;
};

/// Ends above this many are forgotten, oldest first, whatever the settings allow: about 1 KiB each.
inline constexpr std::size_t kMaxFinishedInMemory = 500'000;

/// Keeps ends in memory: nothing survives the process. Completions go through `post`, which must
/// run them later, in order.
class MemoryStore final : public CommandStore {
public:
    using Post = std::function<void(std::function<void()>)>;

    MemoryStore(MemoryStoreSettings settings, Post post);

    void accept(const core::Command& command, Done done) override;
    void finish(core::FinishedCommand finished, Done done) override;
    void find_finished(const core::CommandKey& key, Found found) override;
    [[nodiscard]] std::chrono::milliseconds dedup_horizon(proto::WallTime now) const override;

private:
    void forget(proto::WallTime now);

    MemoryStoreSettings settings_;
    Post post_;
    std::unordered_map<core::CommandKey, core::FinishedCommand> finished_;
    std::deque<core::CommandKey> by_age_;  ///< keys of finished_, oldest end first
};

}  // namespace dm::store
