#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/settings/sources.hpp"

#include <chrono>
#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace dm::check {

/// `device-mgmt check-device`: the server's keys where it needs them, and `check.*`.
struct CheckOptions {
    std::string address = "0.0.0.0";
    std::uint16_t port = 8443;
    bool tls = true;
    std::string cert;
    std::string key;
    auth::AuthSettings auth;

    std::string device;  ///< empty: the first that comes
    std::string command = "ping";
    std::string args = "{}";
    std::chrono::seconds wait{120};      ///< for the first connection
    std::chrono::seconds reply{10};      ///< for one reply
    std::chrono::seconds heartbeat{20};  ///< told in `welcome`
    std::chrono::seconds retry{3};       ///< how long the device is told to stay away
    std::chrono::seconds token{90};      ///< what is told of a token's life
    std::string json;                    ///< file
};

[[nodiscard]] tl::expected<CheckOptions, settings::Exit> load_check_options(
    const settings::Sources& sources);

}  // namespace dm::check
