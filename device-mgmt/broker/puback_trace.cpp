#include "device-mgmt/broker/puback_trace.hpp"

#include "device-mgmt/failpoint/failpoint.hpp"

#include <mutex>
#include <string_view>

#include <MQTTAsync.h>

namespace dm::broker {
namespace {

void on_trace(MQTTASYNC_TRACE_LEVELS /*level*/, char* message) {
    if (std::string_view{message}.find("-> PUBACK") != std::string_view::npos) {
        failpoint::pass(failpoint::Point::puback_sent);
    }
}

}  // namespace

void pass_failpoint_at_pubacks() {
    static std::once_flag once;  // a test may take the trace over later
    std::call_once(once, [] {
        MQTTAsync_setTraceCallback(&on_trace);
        MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_PROTOCOL);
    });
}

}  // namespace dm::broker
