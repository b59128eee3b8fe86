#include "control/api/router.hpp"

#include "protocol/ids.hpp"

#include <algorithm>
#include <vector>

namespace dm::control {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    for (std::size_t begin = 1; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        segments.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return segments;
}

tl::expected<std::string, RouteRefusal> decode_segment(std::string_view raw) {
    const auto decoded = decode_percent(raw);
    if (!decoded || decoded->find_first_of("/\\") != std::string::npos) {
        return tl::unexpected(RouteRefusal{
            400, "path: malformed, or with an encoded slash, backslash or control character", {}});
    }
    if (decoded->empty() || *decoded == "." || *decoded == "..") {
        return tl::unexpected(RouteRefusal{400, "path: an empty, '.' or '..' segment", {}});
    }
    return *decoded;
}

/// The parameters when `raw` fits the row's pattern. Words must be spelt as they are.
std::optional<RouteMatch> fit(const RouteRow& row,
                              const std::vector<std::string_view>& raw,
                              const std::vector<std::string>& decoded) {
    const auto pattern = row.pattern == "/" ? std::vector<std::string_view>{} : split(row.pattern);
    if (pattern.size() != raw.size()) {
        return std::nullopt;
    }
    RouteMatch match{&row, {}, {}, {}};
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == "{device}") {
            match.device = decoded[i];
        } else if (pattern[i] == "{id}") {
            match.id = decoded[i];
        } else if (pattern[i] == "{file}") {
            match.file = decoded[i];
        } else if (pattern[i] != raw[i]) {
            return std::nullopt;
        }
    }
    return match;
}

}  // namespace

std::optional<std::string> decode_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (is_control(c)) {
            return std::nullopt;
        }
        out += c;
    }
    return proto::is_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

std::string encode_segment(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:@";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (kPlain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 0xfU];
        }
    }
    return out;
}

tl::expected<RouteMatch, RouteRefusal> match_route(std::string_view method, std::string_view path) {
    if (path.empty() || path.front() != '/') {
        return tl::unexpected(RouteRefusal{400, "path: must begin with a slash", {}});
    }
    const auto raw = path == "/" ? std::vector<std::string_view>{} : split(path);
    std::vector<std::string> decoded;
    for (const std::string_view segment : raw) {
        auto text = decode_segment(segment);
        if (!text) {
            return tl::unexpected(text.error());
        }
        decoded.push_back(*std::move(text));
    }
    if (path.size() > 1 && path.back() == '/') {
        return tl::unexpected(RouteRefusal{400, "path: an empty, '.' or '..' segment", {}});
    }
    RouteRefusal refusal{404, "path: there is no such route", {}};
    for (const RouteRow& row : kRoutes) {
        auto match = fit(row, raw, decoded);
        if (!match) {
            continue;
        }
        if (row.method == method) {
            return *match;
        }
        refusal.status = 405;
        refusal.message = "method: not of this route";
        refusal.allow += (refusal.allow.empty() ? "" : ", ") + std::string(row.method);
    }
    return tl::unexpected(refusal);
}

}  // namespace dm::control
