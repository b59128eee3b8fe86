#pragma once

#include "device-mgmt/core/command.hpp"
#include "device-mgmt/store/command_store.hpp"
#include "tests/simulation/run.hpp"
#include "tests/support/memory_ingress.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

namespace dm::simulation {

/// What is durable: it outlives every process. What a store is told passes here when it commits,
/// and is checked: a command is accepted once, and ends once, after it was accepted.
class Disk {
public:
    struct Accepted {
        core::Command command;    ///< as it was accepted
        std::uint64_t order = 0;  ///< of acceptance
    };

    struct Finished {
        core::FinishedCommand command;
        core::Moment at;  ///< of the commit
        unsigned life;    ///< of the process that ended it
    };

    explicit Disk(Run& run) : run_(run) {}

    void accept(const core::Command& command);
    void finish(const core::FinishedCommand& finished, const std::optional<store::OutboxRow>& row);
    void mark(const store::Mark& mark);

    [[nodiscard]] store::Loaded load(core::Moment now);

    [[nodiscard]] const Accepted* accepted(const core::CommandKey& key) const;
    [[nodiscard]] const Finished* finished(const core::CommandKey& key) const;

    [[nodiscard]] const std::unordered_map<core::CommandKey, Accepted>& all_accepted() const {
        return accepted_;
    }

    [[nodiscard]] bool has_unfinished() const { return !unfinished_.empty(); }

    std::map<std::uint64_t, store::OutboxRow> outbox;
    std::uint64_t acknowledged = 0;
    std::uint64_t imported = 0;
    std::uint64_t epoch = 0;
    test::MemoryIngress ingress;
    unsigned life = 0;  ///< processes that were started

    /// Not durable: ends that the process that lives has called and the disk has not got. They die
    /// with it.
    std::unordered_map<core::CommandKey, core::FinishedCommand> ending;

private:
    Run& run_;
    std::unordered_map<core::CommandKey, Accepted> accepted_;  ///< ever
    std::unordered_map<core::CommandKey, Finished> finished_;
    std::map<std::uint64_t, core::Command> unfinished_;  ///< with their marks, by order
};

}  // namespace dm::simulation
