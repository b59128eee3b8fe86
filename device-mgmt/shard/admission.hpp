#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/net/upgrade.hpp"
#include "protocol/frame_codec.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::shard {

inline constexpr std::string_view kDevicePath = "/v1/device";

/// What an accepted upgrade leaves for its session.
struct Admitted {
    auth::Identity identity;
    proto::Format format;
    std::string_view subprotocol;  ///< empty when the device offered none
    core::Instant admitted{};
};

struct Refused {
    net::Refusal answer;
    std::string detail;  ///< for the log only: more than the peer may know
};

/// Decides about a well-formed upgrade, cheapest check first: path 404, Origin 403, subprotocol
/// 400, identity 401.
[[nodiscard]] tl::expected<Admitted, Refused> admit(const net::UpgradeRequest& request,
                                                    const std::vector<std::string>& origins,
                                                    auth::Authenticator& authenticator,
                                                    proto::WallTime now);

}  // namespace dm::shard
