#include "device-mgmt/redis/url.hpp"

#include <charconv>
#include <optional>

namespace dm::redis {

namespace {

constexpr std::string_view kScheme = "redis://";

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> decode_percent(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) {
            return std::nullopt;
        }
        decoded.push_back(static_cast<char>(value));
        i += 2;
    }
    return decoded;
}

/// Fills in user and password; whether they could be read.
bool read_credentials(std::string_view text, Url& url) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    auto user = decode_percent(text.substr(0, colon));
    auto password = decode_percent(text.substr(colon + 1));
    if (!user || !password || password->empty()) {
        return false;
    }
    url.user = *std::move(user);
    url.password = *std::move(password);
    return true;
}

/// Fills in host and port; what is wrong with them, if something is.
std::optional<std::string> read_address(std::string_view text, Url& url) {
    std::string_view port;
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return "the bracket of the IPv6 address is not closed";
        }
        url.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else {
        const std::size_t colon = text.find(':');
        url.host = text.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    }
    if (url.host.empty()) {
        return "it names no host";
    }
    if (port.empty()) {
        return std::nullopt;
    }
    const auto number = port.front() == ':' ? parse_number<std::uint16_t>(port.substr(1))
                                            : std::optional<std::uint16_t>();
    if (!number || *number == 0) {
        return "the port is no number from 1 to 65535";
    }
    url.port = *number;
    return std::nullopt;
}

}  // namespace

std::string Url::place() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port) + "/" +
           std::to_string(database);
}

tl::expected<Url, std::string> parse_url(std::string_view text) {
    if (text.substr(0, 9) == "rediss://") {
        return tl::unexpected(std::string(
            "rediss:// (TLS) is not supported: reach Redis over a private network or a tunnel"));
    }
    if (text.substr(0, kScheme.size()) != kScheme) {
        return tl::unexpected(std::string("it must begin with redis://"));
    }
    text.remove_prefix(kScheme.size());
    Url url;
    // An encoded password has no @ and no /, but one that was written as it is may have them.
    const std::size_t at = text.rfind('@');
    const std::size_t address = at == std::string_view::npos ? 0 : at + 1;
    if (const std::size_t slash = text.find('/', address); slash != std::string_view::npos) {
        const std::string_view database = text.substr(slash + 1);
        const auto number = database.empty() ? 0U : parse_number<std::uint32_t>(database);
        if (!number) {
            return tl::unexpected(std::string("the database behind the / is no number"));
        }
        url.database = *number;
        text = text.substr(0, slash);
    }
    if (address > 0 && !read_credentials(text.substr(0, at), url)) {
        return tl::unexpected(
            std::string("what stands before the @ is not user:password or :password"));
    }
    text.remove_prefix(address);
    if (auto problem = read_address(text, url)) {
        return tl::unexpected(*std::move(problem));
    }
    return url;
}

}  // namespace dm::redis
