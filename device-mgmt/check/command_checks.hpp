#pragma once

#include "device-mgmt/check/device_check.hpp"

namespace dm::check {

/// What a device does with commands and other frames within one session. A device that hangs up is
/// waited for; false when it does not come back.
[[nodiscard]] bool check_commands(DeviceCheck& check);

/// What was wrong with the frames of all sessions.
void check_frames(DeviceCheck& check);

}  // namespace dm::check
