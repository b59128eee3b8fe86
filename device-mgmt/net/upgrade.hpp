#pragma once

#include <any>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::net {

/// An opening handshake (RFC 6455 section 4.2.1) that is well-formed: GET, HTTP/1.1, exactly one
/// Host, one valid Sec-WebSocket-Key, version 13, a path of printable ASCII. Everything else was
/// answered by the endpoint (400, 405, 426) and never gets here. Views live during the call.
struct UpgradeRequest {
    std::string_view path;   ///< without the query
    std::string_view query;  ///< without `?`; may hold a token: never log it
    std::optional<std::string_view> authorization;
    std::optional<std::string_view> origin;
    std::vector<std::string_view> protocols;    ///< as offered, in order
    std::string_view remote;                    ///< `address:port`
    std::optional<std::string> certificate_cn;  ///< CN of a client certificate that verified
};

/// The answer to an upgrade that is not accepted.
struct Refusal {
    int status;          ///< 400, 401, 403, 404, 429, 503 …
    std::string reason;  ///< one sentence for the body
    std::optional<std::chrono::seconds> retry_after;
};

/// The answer to one that is. `subprotocol` empty: none is echoed.
struct Admission {
    std::string subprotocol;
    std::any identity;  ///< handed back to on_open
};

}  // namespace dm::net
