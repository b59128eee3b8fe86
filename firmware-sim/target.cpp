#include "firmware-sim/target.hpp"

#include <charconv>
#include <optional>

namespace dm::sim {
namespace {

constexpr std::string_view kSecure = "wss://";
constexpr std::string_view kPlain = "ws://";

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || rest != text.data() + text.size() || port == 0) {
        return std::nullopt;
    }
    return port;
}

/// Splits `host[:port]`; false when the port is none.
bool read_authority(std::string_view authority, Target& target) {
    std::string_view port;
    if (starts_with(authority, "[")) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        target.host = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
    } else {
        const auto colon = authority.find(':');
        target.host = authority.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
    }
    if (port.empty()) {
        return true;
    }
    const auto number = port.front() == ':' ? parse_port(port.substr(1)) : std::nullopt;
    target.port = number.value_or(0);
    return number.has_value();
}

}  // namespace

tl::expected<Target, std::string> parse_target(std::string_view url) {
    Target target;
    if (starts_with(url, kSecure)) {
        url.remove_prefix(kSecure.size());
    } else if (starts_with(url, kPlain)) {
        url.remove_prefix(kPlain.size());
        target.tls = false;
        target.port = 80;
    } else {
        return tl::unexpected(std::string{"must begin with wss:// or ws://"});
    }
    const auto slash = url.find('/');
    const std::string_view authority = url.substr(0, slash);
    if (authority.find('@') != std::string_view::npos) {
        return tl::unexpected(std::string{"must not contain credentials"});
    }
    if (!read_authority(authority, target)) {
        return tl::unexpected(std::string{"has a port that is not a number from 1 to 65535"});
    }
    if (target.host.empty()) {
        return tl::unexpected(std::string{"has no host"});
    }
    if (slash != std::string_view::npos && url.substr(slash) != "/") {
        target.path = url.substr(slash);
    }
    return target;
}

}  // namespace dm::sim
