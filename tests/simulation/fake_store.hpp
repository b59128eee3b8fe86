#pragma once

#include "device-mgmt/store/store.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/run.hpp"

#include <functional>
#include <vector>

namespace dm::simulation {

/// The store of one process: what has gathered while the last commit ran is the next one, and every
/// commit takes its time. What the process has called and the disk has not got dies with it.
class FakeStore final : public store::Store {
public:
    /// Runs a completion on the relay's loop.
    using Post = std::function<void(std::function<void()>)>;

    FakeStore(Run& run, Disk& disk, Schedule::Owner process, Post post);

    /// The process is killed: a commit under way may have reached the disk, as a whole or not.
    void kill();

    /// Nothing is committed before `until`; commits then take the disk's time again.
    void stall(core::Instant until) { stalled_until_ = until; }

    using CommandStore::finish;

    void accept(const core::Command& command, Done done) override;
    void finish(core::FinishedCommand finished,
                std::optional<store::OutboxRow> row,
                Done done) override;
    void mark(store::Mark mark, Done done) override;
    void find_finished(const core::CommandKey& key, Found found) override;

    [[nodiscard]] std::chrono::milliseconds dedup_horizon(proto::WallTime /*now*/) const override {
        return {};
    }

    void put_outbox(store::OutboxRow row, Done done) override;
    void find_outbox(std::vector<std::uint64_t> numbers, Rows rows) override;
    void remove_outbox(std::vector<std::uint64_t> numbers) override;
    void together(const std::function<void()>& calls) override;
    void imported(std::uint64_t lsn) override;
    void acknowledged(std::uint64_t number) override;

    [[nodiscard]] std::uint64_t durable_lsn() const override { return disk_.imported; }

    void set_epoch(std::uint64_t epoch) override;

    [[nodiscard]] bool writable() const override { return true; }

    [[nodiscard]] bool has_space() const override { return true; }

    [[nodiscard]] std::size_t backlog() const override {
        return gathered_.size() + writing_.size();
    }

    [[nodiscard]] store::Loaded load(core::Moment now) override { return disk_.load(now); }

    // Nobody asks in a run, and what is known of devices decides nothing.

    void find_command(core::CommandKey /*key*/,
                      Answer<std::optional<store::CommandRecord>> answer) override {
        answer(tl::unexpected(store::QueryProblem::failed));
    }

    void find_by_id(std::string /*id*/, Answer<std::vector<store::CommandRecord>> answer) override {
        answer(tl::unexpected(store::QueryProblem::failed));
    }

    void list(store::ListRequest /*request*/, Answer<store::CommandList> answer) override {
        answer(tl::unexpected(store::QueryProblem::failed));
    }

    void save_device(proto::DeviceDetails /*device*/) override {}

    void find_device(proto::DeviceId /*device*/,
                     Answer<std::optional<proto::DeviceDetails>> answer) override {
        answer(tl::unexpected(store::QueryProblem::failed));
    }

    void list_devices(proto::DevicesQuery /*query*/, Answer<store::DeviceList> answer) override {
        answer(tl::unexpected(store::QueryProblem::failed));
    }

private:
    struct Call {
        std::function<void(Disk&)> apply;
        Done done;  ///< may be empty
    };

    /// `soon`: it forces no commit, and goes with whatever comes.
    void call(Call call, bool soon);
    void begin_commit();
    void end_commit();

    Run& run_;
    Disk& disk_;
    Schedule::Owner process_;
    Post post_;
    std::vector<Call> gathered_;
    std::vector<Call> writing_;
    bool is_busy_ = false;  ///< a commit is under way or about to begin
    bool is_lazy_ = false;  ///< … for calls that need none, and not at once
    core::Instant stalled_until_{};
    std::size_t finds_ = 0;  ///< on their trip to the disk
};

}  // namespace dm::simulation
