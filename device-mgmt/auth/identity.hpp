#pragma once

#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::auth {

enum class Method { certificate, token, basic };

[[nodiscard]] std::string_view word(Method method);

/// Who a connection is, proven before 101.
struct Identity {
    proto::DeviceId device;
    Method method;
    std::optional<proto::WallTime> expires_at;  ///< tokens only
    std::vector<proto::Name> groups;            ///< token claim `groups`
    std::uint64_t proof = 0;  ///< which key or credential proved it: KeyRing::still_proves
};

/// Why an identity was refused; for logs and metrics. The peer only learns 401.
enum class AuthProblem {
    missing,        ///< no identity presented at all
    malformed,      ///< not three parts, bad base64url, oversized, bad header
    unknown_key,    ///< no such kid, or a kid that is no name
    bad_algorithm,  ///< alg none, or one that does not fit the key's kind
    bad_signature,
    expired,
    not_yet_valid,
    missing_claim,  ///< exp or sub missing or of the wrong type
    wrong_audience,
    wrong_issuer,
    bad_device_id,    ///< the subject or CN is no device id
    bad_credentials,  ///< Basic: unknown id or wrong secret
    disagreement,     ///< several identities were presented and differ
    method_disabled,  ///< nothing is configured that could check it
};

[[nodiscard]] std::string_view word(AuthProblem problem);

}  // namespace dm::auth
