#pragma once

#include "device-mgmt/auth/authenticator.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::auth {

struct BasicLogin {
    std::string id;
    std::string secret;
};

/// What a request presents, taken apart, not checked.
struct Evidence {
    std::optional<std::string_view> certificate_cn;
    std::vector<std::string> tokens;  ///< of the header and of both query parameters
    std::optional<BasicLogin> basic;

    [[nodiscard]] bool empty() const { return !certificate_cn && tokens.empty() && !basic; }
};

/// Problem `malformed`: an authentication scheme that is not ours, a login that is no
/// `base64(id:secret)`, a query parameter that is there twice, or a broken percent-encoding in one.
[[nodiscard]] tl::expected<Evidence, AuthProblem> take_apart(const Presented& presented);

}  // namespace dm::auth
