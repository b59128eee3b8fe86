#pragma once

namespace dm::broker {

/// Passes the failpoint `puback_sent` after every PUBACK that leaves this process. Paho sends it by
/// itself once a message's callback has returned; only its trace tells when that was.
void pass_failpoint_at_pubacks();

}  // namespace dm::broker
