#pragma once

#include "device-mgmt/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dm::test {

struct MemoryStoreSettings {
    std::chrono::hours keep_finished{24};
    std::size_t keep_finished_max = 5'000'000;
    std::string node = {};  ///< for the history
    std::size_t keep_devices = 1'000'000;
};

/// Ends above this many are forgotten, oldest first, whatever the settings allow: about 1 KiB each.
inline constexpr std::size_t kMaxFinishedInMemory = 500'000;

/// The same for devices.
inline constexpr std::size_t kMaxDevicesInMemory = 200'000;

/// Keeps commands in memory, for tests: what was called is there at once and survives the relay
/// that called it, as if it were on disk; `load` may be called again. Completions go through
/// `post`, which must run them later, in order.
class MemoryStore final : public store::Store {
public:
    using Post = std::function<void(std::function<void()>)>;

    using store::CommandStore::finish;

    MemoryStore(MemoryStoreSettings settings, Post post);

    /// The process is to die after so many more transactions: calls after them leave no trace, and
    /// nothing completes, until `load`. Every write is one, unless it is called in `together`.
    void crash_after(std::size_t transactions) { until_crash_ = transactions; }

    void accept(const core::Command& command, Done done) override;
    void finish(core::FinishedCommand finished,
                std::optional<store::OutboxRow> row,
                Done done) override;
    void mark(store::Mark mark, Done done = {}) override;
    void find_finished(const core::CommandKey& key, Found found) override;
    [[nodiscard]] std::chrono::milliseconds dedup_horizon(proto::WallTime now) const override;
    void put_outbox(store::OutboxRow row, Done done) override;
    void find_outbox(std::vector<std::uint64_t> numbers, Rows rows) override;
    void remove_outbox(std::vector<std::uint64_t> numbers) override;
    void together(const std::function<void()>& calls) override;
    void imported(std::uint64_t lsn) override;
    void acknowledged(std::uint64_t number) override;

    [[nodiscard]] std::uint64_t durable_lsn() const override { return lsn_; }

    void set_epoch(std::uint64_t epoch) override;

    [[nodiscard]] bool writable() const override { return !crashed(); }

    [[nodiscard]] bool has_space() const override { return true; }

    [[nodiscard]] std::size_t backlog() const override { return 0; }

    [[nodiscard]] store::Loaded load(core::Moment now) override;

    void find_command(core::CommandKey key,
                      Answer<std::optional<store::CommandRecord>> answer) override;
    void find_by_id(std::string id, Answer<std::vector<store::CommandRecord>> answer) override;
    void list(store::ListRequest request, Answer<store::CommandList> answer) override;

    void save_device(proto::DeviceDetails device) override;
    void find_device(proto::DeviceId device,
                     Answer<std::optional<proto::DeviceDetails>> answer) override;
    void list_devices(proto::DevicesQuery wanted, Answer<store::DeviceList> answer) override;

private:
    [[nodiscard]] bool crashed() const { return until_crash_ == std::size_t{0}; }

    /// Called by every write: whether it survives.
    [[nodiscard]] bool survives();
    void add_step(store::CommandRecord& record,
                  proto::WallTime at,
                  proto::CommandState state,
                  std::string detail);
    [[nodiscard]] store::CommandRecord with_terminal(const store::CommandRecord& record) const;
    void forget(proto::WallTime now);
    void forget_devices();

    MemoryStoreSettings settings_;
    Post post_;
    std::unordered_map<core::CommandKey, store::CommandRecord> records_;  ///< of all commands
    std::unordered_map<core::CommandKey, core::FinishedCommand> finished_;
    std::deque<core::CommandKey> by_age_;  ///< keys of finished_, oldest end first
    std::map<proto::DeviceId, proto::DeviceDetails> devices_;
    std::map<std::uint64_t, core::Command> unfinished_;  ///< by acceptance
    std::map<std::uint64_t, store::OutboxRow> outbox_;
    std::optional<std::size_t> until_crash_;
    bool together_ = false;
    std::uint64_t epoch_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint64_t ended_ = 0;
    std::uint64_t lsn_ = 0;
    std::uint64_t acknowledged_ = 0;
};

}  // namespace dm::test
