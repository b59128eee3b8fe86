#pragma once

#include "device-mgmt/settings/table.hpp"

#include <string>

/// Rules about several keys that every program with such keys has.
namespace dm::settings {

/// `ops.token` may be empty on a loopback address only.
void check_ops(const std::string& address, const std::string& token, Checks& checks);

/// `broker.ca` is for TLS, and a password belongs to somebody.
template <class Broker>
void check_broker(const Broker& broker, Checks& checks) {
    if (!broker.ca.empty() && broker.url.rfind("mqtts://", 0) != 0) {
        checks.fail("broker.ca", "needs a broker.url with mqtts://", {"broker.url"});
    }
    if (broker.username.empty() && !broker.password.empty()) {
        checks.fail("broker.username", "is needed when broker.password is set");
    }
}

}  // namespace dm::settings
