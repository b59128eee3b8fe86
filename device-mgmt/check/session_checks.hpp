#pragma once

#include "device-mgmt/check/device_check.hpp"

namespace dm::check {

/// Waits for the first session. False: no device came.
[[nodiscard]] bool check_connect(DeviceCheck& check);

/// What a device does when sessions end, when nothing happens, and when it is not let in. Needs an
/// open session. What cannot be checked because the device does not come back is skipped.
void check_sessions(DeviceCheck& check);

}  // namespace dm::check
