#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/dispatcher.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

namespace dm::relay {

/// Commands that are to come `after` one which is not known here: another node may have drawn it
/// from the queue and be handing it over. They wait for it, each for kPatience; beyond kMax none
/// does. One thread: the relay's.
class Followers {
public:
    static constexpr std::size_t kMax = 1000;
    static constexpr std::chrono::seconds kPatience{2};

    /// Moves it in, unless there are kMax already. It has an `after`.
    [[nodiscard]] bool wait(core::Submission& submission, core::Instant now);

    /// Those that waited for this one.
    [[nodiscard]] std::vector<core::Submission> take(const core::CommandKey& key);

    /// Those that have waited long enough.
    [[nodiscard]] std::vector<core::Submission> take_overdue(core::Instant now);

private:
    struct Waiting {
        core::Submission submission;
        core::Instant since;
    };

    std::unordered_multimap<core::CommandKey, Waiting> waiting_;  ///< by what they come after
};

}  // namespace dm::relay
