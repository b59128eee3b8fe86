#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <vector>

namespace dm::store {

/// All unfinished commands in order of acceptance, seen from `now`.
[[nodiscard]] std::vector<core::Command> load_unfinished(const Database& database,
                                                         core::Moment now);

/// The moment at which the wall clock shows `wall`, as far as one can tell at `now`.
[[nodiscard]] core::Moment moment_of(proto::WallTime wall, core::Moment now);

}  // namespace dm::store
