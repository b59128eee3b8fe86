#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// Places at which a test build can be told to die. `DEVICE_MGMT_FAILPOINT=committed:17` kills the
/// process with SIGKILL when it passes that place for the 17th time. Builds without DM_FAILPOINTS –
/// what users run – contain none of this.
namespace dm::failpoint {

enum class Point : std::uint8_t {
    publish_read,        ///< a publish has come from the broker, nothing is done with it yet
    ingress_appended,    ///< it is in the ingress log, and not acknowledged
    puback_sent,         ///< it is acknowledged
    committed,           ///< a transaction of the store is durable, and nobody has been told
    command_sent,        ///< a command frame has left
    reply_received,      ///< a device's reply is here, and nothing is done with it yet
    reply_published,     ///< a stored message has been handed to the broker's connection
    reply_acknowledged,  ///< the broker has acknowledged it, and that is not noted yet
};

#ifdef DM_FAILPOINTS
inline constexpr bool kEnabled = true;
#else
inline constexpr bool kEnabled = false;
#endif

struct Arming {
    Point point;
    std::uint64_t passing;  ///< the first is 1
};

/// `<point>:<passing>`; empty for anything else.
[[nodiscard]] std::optional<Arming> parse(std::string_view text);

namespace detail {
void pass(Point point);
}  // namespace detail

/// The thread is at `point`. Does not return when that is what it was armed for. Any thread.
inline void pass(Point point) {
    if constexpr (kEnabled) {
        detail::pass(point);
    } else {
        static_cast<void>(point);
    }
}

}  // namespace dm::failpoint
