#pragma once

#include "device-mgmt/settings/sources.hpp"

namespace dm::check {

/// `device-mgmt check-device`. `sources.arguments` begin after that word. Exit code 0: nothing
/// failed; 1: something did, or no device came; 2: bad configuration.
[[nodiscard]] int run_check_device(const settings::Sources& sources);

}  // namespace dm::check
