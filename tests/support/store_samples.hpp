#pragma once

#include "device-mgmt/store/command_store.hpp"
#include "protocol/query_answer.hpp"
#include "tests/support/device_ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

/// Commands for tests of stores.
namespace dm::test {

inline const core::Moment kStart{core::Instant(std::chrono::hours(100)),
                                 proto::WallTime(std::chrono::milliseconds(1'800'000'000'000))};

inline core::Moment later(core::Duration by) {
    return {kStart.mono + by,
            kStart.wall + std::chrono::duration_cast<std::chrono::milliseconds>(by)};
}

inline core::CommandKey key(const std::string& id, const std::string& device = "dev-1") {
    return {device_id(device), id};
}

inline core::CommandContent content() {
    return {"reboot", R"({"soft":true})", std::chrono::seconds(30), std::chrono::seconds(60)};
}

inline core::Command accepted(const core::CommandKey& key, core::Moment at = kStart) {
    return {key,
            content(),
            proto::Delivery::at_least_once,
            false,
            {},
            {},
            {},
            1,
            at,
            {at.mono + std::chrono::seconds(60), at.wall + std::chrono::seconds(60)},
            {}};
}

inline core::FinishedCommand finished(const core::CommandKey& key,
                                      core::Moment at = kStart,
                                      const std::string& payload = R"({"status":"ok"})") {
    return {key,
            content(),
            proto::CommandState::succeeded,
            true,
            payload,
            "message of " + key.id,
            {},
            at.wall};
}

inline store::OutboxRow message(std::uint64_t number, const std::string& payload = "{}") {
    return {number, "dm/replies/dev-1", payload, {}, {}, {}, {}};
}

/// Of the stores that are tested with more.
inline constexpr std::size_t kDevicesKept = 300;

inline proto::DeviceDetails connected(const std::string& id,
                                      std::uint64_t epoch,
                                      core::Moment at = kStart) {
    return {
        device_id(id), true, epoch, "n1", at.wall, "connected", {}, {}, {}, {}, at.wall, at.wall};
}

inline proto::DeviceDetails gone(proto::DeviceDetails device, core::Moment at) {
    device.online = false;
    device.since = at.wall;
    device.last_seen = at.wall;
    device.reason = "going_away";
    return device;
}

}  // namespace dm::test
