#include "device-mgmt/settings/common_checks.hpp"

#include "device-mgmt/settings/text_rules.hpp"

#include <fmt/format.h>

namespace dm::settings {

void check_ops(const std::string& address, const std::string& token, Checks& checks) {
    if (!is_loopback(address) && token.empty()) {
        checks.fail(
            "ops.token",
            fmt::format("is needed while ops.address ({}) is not a loopback address", address),
            {"ops.address"});
    }
}

}  // namespace dm::settings
