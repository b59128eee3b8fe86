#pragma once

#include "device-mgmt/settings/sources.hpp"

namespace dm {

/// `device-mgmt health`: asks the server of the same configuration for /livez and says what it
/// answered. For containers and supervisors without an HTTP client. Not for readiness: a probe that
/// fails gets a process killed, and a server that drains or waits for its broker must not be.
/// Exit code 0: 200; 1: anything else; 2: bad configuration.
[[nodiscard]] int run_health(const settings::Sources& sources);

}  // namespace dm
