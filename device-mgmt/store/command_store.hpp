#pragma once

#include "device-mgmt/core/command.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace dm::store {

/// Where commands are safe. Real stores and the in-memory one behave alike: calls are made on the
/// relay's thread and return at once; completions come on that same thread, later, in the order of
/// the calls; writes that were called first are visible to finds that were called later.
class CommandStore {
public:
    using Done = std::function<void()>;
    using Found = std::function<void(const std::optional<core::FinishedCommand>&)>;

    virtual ~CommandStore() = default;

    /// Makes an accepted command durable.
    virtual void accept(const core::Command& command, Done done) = 0;

    /// Replaces the unfinished command by its end, in one transaction.
    virtual void finish(core::FinishedCommand finished, Done done) = 0;

    /// The finished command of this key, if it is still remembered.
    virtual void find_finished(const core::CommandKey& key, Found found) = 0;

    /// Age of the oldest end that is still remembered; repetitions of older ids are new commands.
    [[nodiscard]] virtual std::chrono::milliseconds dedup_horizon(proto::WallTime now) const = 0;
};

}  // namespace dm::store
