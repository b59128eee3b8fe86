#include "device-mgmt/settings/text_rules.hpp"

#include "protocol/ids.hpp"
#include "protocol/topics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

namespace dm::settings {

namespace {

constexpr std::size_t kMaxPrefixBytes = 128;

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

bool is_ip(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

bool is_host(const std::string& host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        return is_ip(host.substr(1, host.size() - 2)) && host.find(':') != std::string::npos;
    }
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_';
    };
    return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), allowed);
}

/// `host` or `host:port`.
bool is_authority(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const bool has_port = colon != std::string::npos && text.find(']', colon) == std::string::npos;
    if (!has_port) {
        return is_host(text);
    }
    int port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, port);
    return problem == std::errc{} && stop == end && port >= 1 && port <= 65535 &&
           is_host(text.substr(0, colon));
}

/// `scheme` followed by an authority and nothing else.
bool is_url_of(const std::string& text, std::string_view scheme) {
    return starts_with(text, scheme) && is_authority(text.substr(scheme.size()));
}

}  // namespace

std::optional<std::string> node_name(const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto name = proto::Name::parse(text);
    return name ? std::nullopt
                : std::optional{fmt::format("must be a name of 1-64 letters, digits, '.', '_', "
                                            "'-', beginning with a letter or digit: {}",
                                            proto::what(name.error()))};
}

std::optional<std::string> node_url(const std::string& text) {
    if (text.empty() || is_url_of(text, "wss://") || is_url_of(text, "ws://")) {
        return std::nullopt;
    }
    return "must be wss://HOST[:PORT] or ws://HOST[:PORT]";
}

std::optional<std::string> ip_address(const std::string& text) {
    return is_ip(text) ? std::nullopt : std::optional<std::string>{"must be an IP address"};
}

std::optional<std::string> origin(const std::string& text) {
    if (is_url_of(text, "https://") || is_url_of(text, "http://")) {
        return std::nullopt;
    }
    return "must be http[s]://HOST[:PORT], as browsers write it";
}

std::optional<std::string> broker_url(const std::string& text) {
    if (is_url_of(text, "mqtt://") || is_url_of(text, "mqtts://")) {
        return std::nullopt;
    }
    return "must be mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";
}

std::optional<std::string> topic_prefix(const std::string& text) {
    const bool levels_filled = !text.empty() && text.front() != '/' && text.back() != '/' &&
                               text.find("//") == std::string::npos;
    const bool plain = text.find_first_of(std::string_view{"+#\0", 3}) == std::string::npos &&
                       !starts_with(text, "$") && proto::is_utf8(text);
    if (levels_filled && plain && text.size() <= kMaxPrefixBytes) {
        return std::nullopt;
    }
    return "must be topic levels without wildcards, such as dm or plant/dm";
}

std::optional<std::string> topic_filter(const std::string& text) {
    if (text.empty() || proto::is_valid_filter(text)) {
        return std::nullopt;
    }
    return "must be an MQTT topic filter";
}

std::string host_name() {
    std::array<char, 256> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) != 0) {
        return {};
    }
    std::string name{buffer.data()};
    return node_name(name) ? std::string{} : name;
}

bool is_loopback(const std::string& address) {
    return starts_with(address, "127.") || address == "::1";
}

}  // namespace dm::settings
