#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/reports.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

namespace dm::relay {

/// A session that waits for the shared directory to give it its device.
struct Claim {
    core::SessionRef session;
    core::SessionOpened opened;
    core::Instant begun;
    bool given_up = false;             ///< its session has been told to close
    std::vector<core::Report> held{};  ///< what the session has reported meanwhile, in order
};

/// Sessions that wait for their devices. A device sends as soon as its 101 is out, and its session
/// may be over before the directory answers: what it reports meanwhile is kept for then.
///
/// Bounds: kMaxHeld reports of a session, those beyond are dropped but for its end; kPatience,
/// after which `overdue` names it. One thread: the relay's.
class Claims {
public:
    static constexpr std::size_t kMaxHeld = 64;
    static constexpr std::chrono::seconds kPatience{10};

    /// When the session of this device that claims it was admitted; of several the latest.
    [[nodiscard]] std::optional<core::Instant> admitted(const proto::DeviceId& device) const;

    void begin(const proto::DeviceId& device, Claim claim);

    enum class Held {
        no,  ///< the session claims nothing
        yes,
        dropped,
    };

    /// Moves the report in if its session claims a device.
    [[nodiscard]] Held hold(core::Report& report);

    /// The directory has answered. A session has one claim.
    [[nodiscard]] std::optional<Claim> take(const proto::DeviceId& device,
                                            core::SessionRef session);

    /// Sessions that have waited for kPatience, each once.
    [[nodiscard]] std::vector<core::SessionRef> overdue(core::Instant now);

    [[nodiscard]] bool empty() const { return claims_.empty(); }

private:
    std::unordered_map<proto::DeviceId, std::vector<Claim>> claims_;
};

}  // namespace dm::relay
