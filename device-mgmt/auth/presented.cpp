#include "device-mgmt/auth/presented.hpp"

#include "device-mgmt/auth/base64.hpp"

#include <utility>

namespace dm::auth {

namespace {

constexpr std::string_view kBearer = "bearer";
constexpr std::string_view kBasic = "basic";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What follows `scheme` and spaces; schemes are case-insensitive (RFC 9110 section 11.1).
std::optional<std::string_view> after_scheme(std::string_view value, std::string_view scheme) {
    if (value.size() <= scheme.size() || value[scheme.size()] != ' ') {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        if (lower(value[i]) != scheme[i]) {
            return std::nullopt;
        }
    }
    const std::size_t start = value.find_first_not_of(' ', scheme.size());
    return start == std::string_view::npos ? std::string_view{} : value.substr(start);
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    const char small = lower(c);
    if (small >= 'a' && small <= 'f') {
        return static_cast<unsigned>(small - 'a') + 10U;
    }
    return std::nullopt;
}

/// A query value as HTML forms write it: `+` is a space.
std::optional<std::string> decode_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
            continue;
        }
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
        const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
        if (!low) {
            return std::nullopt;
        }
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return out;
}

struct QueryValues {
    std::optional<std::string_view> access_token;
    std::optional<std::string_view> auth_header;
    bool repeated = false;
};

QueryValues find_in_query(std::string_view query) {
    QueryValues values;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        const std::size_t equals = pair.find('=');
        const std::string_view name = pair.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        std::optional<std::string_view>* slot = nullptr;
        if (name == "access_token") {
            slot = &values.access_token;
        } else if (name == "auth_header") {
            slot = &values.auth_header;
        }
        if (slot != nullptr) {
            values.repeated = values.repeated || slot->has_value();
            *slot = value;
        }
    }
    return values;
}

std::optional<BasicLogin> parse_basic(std::string_view encoded) {
    const auto login = decode_base64(encoded);
    const std::size_t colon = login ? login->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    return BasicLogin{login->substr(0, colon), login->substr(colon + 1)};
}

/// False: not one of our schemes, or a broken login.
bool take_header(std::string_view authorization, Evidence& evidence) {
    if (const auto token = after_scheme(authorization, kBearer)) {
        evidence.tokens.emplace_back(*token);
        return true;
    }
    if (const auto encoded = after_scheme(authorization, kBasic)) {
        evidence.basic = parse_basic(*encoded);
        return evidence.basic.has_value();
    }
    return false;
}

/// False: repeated, or broken encoding.
bool take_query(std::string_view query, Evidence& evidence) {
    const QueryValues values = find_in_query(query);
    if (values.access_token) {
        auto token = decode_percent(*values.access_token);
        if (!token) {
            return false;
        }
        evidence.tokens.push_back(std::move(*token));
    }
    if (values.auth_header) {
        const auto header = decode_percent(*values.auth_header);
        if (!header) {
            return false;
        }
        const auto token = after_scheme(*header, kBearer);
        evidence.tokens.emplace_back(token ? std::string{*token} : *header);
    }
    return !values.repeated;
}

}  // namespace

tl::expected<Evidence, AuthProblem> take_apart(const Presented& presented) {
    Evidence evidence;
    evidence.certificate_cn = presented.certificate_cn;
    const bool header_good =
        !presented.authorization || take_header(*presented.authorization, evidence);
    if (!header_good || !take_query(presented.query, evidence)) {
        return tl::unexpected(AuthProblem::malformed);
    }
    return evidence;
}

}  // namespace dm::auth
