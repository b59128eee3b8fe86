#pragma once

#include "device-mgmt/net/upgrade.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::net {

/// A well-formed opening handshake. Views into the head.
struct UpgradeHead {
    std::string_view path;
    std::string_view query;  ///< without `?`
    std::string_view key;    ///< Sec-WebSocket-Key
    std::optional<std::string_view> authorization;
    std::optional<std::string_view> origin;
    std::vector<std::string_view> protocols;
};

/// Checks the head of a request, from the request line up to and including the empty line, against
/// RFC 6455 section 4.2.1 and RFC 9112. Strict, because what it lets pass is an identity check
/// away from a session: 400 malformed, 405 not GET, 426 no upgrade or another version.
[[nodiscard]] tl::expected<UpgradeHead, Refusal> check_upgrade(std::string_view head);

/// Collects the head of a request from pieces; at most kMaxBytes.
class HeadReader {
public:
    static constexpr std::size_t kMaxBytes = 16384;  ///< beyond it: 431

    /// Takes bytes up to the end of the head and says how many. Control characters end it at once
    /// (400), so that a peer that speaks something else is not waited for.
    [[nodiscard]] std::size_t consume(std::string_view bytes);

    /// The head is whole or refused.
    [[nodiscard]] bool done() const { return whole_ || refusal_.has_value(); }

    [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

    [[nodiscard]] std::string_view head() const { return head_; }

private:
    void refuse(int status, const char* reason);

    std::string head_;
    bool whole_ = false;
    std::optional<Refusal> refusal_;
};

}  // namespace dm::net
