#include "device-mgmt/log/line.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace dm::log {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

struct Character {
    char32_t code;
    std::size_t bytes;  ///< 0: ill-formed
};

unsigned byte_at(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

/// The first character of `text`, which is not empty. RFC 3629: no overlong forms, no surrogates.
Character decode(std::string_view text) {
    const unsigned first = byte_at(text, 0);
    if (first < 0x80) {
        return {first, 1};
    }
    std::size_t bytes = 0;
    char32_t code = 0;
    char32_t least = 0;
    if ((first & 0xE0U) == 0xC0U) {
        bytes = 2, code = first & 0x1FU, least = 0x80;
    } else if ((first & 0xF0U) == 0xE0U) {
        bytes = 3, code = first & 0x0FU, least = 0x800;
    } else if ((first & 0xF8U) == 0xF0U) {
        bytes = 4, code = first & 0x07U, least = 0x10000;
    }
    if (bytes == 0 || text.size() < bytes) {
        return {0, 0};
    }
    for (std::size_t i = 1; i < bytes; ++i) {
        const unsigned next = byte_at(text, i);
        if ((next & 0xC0U) != 0x80U) {
            return {0, 0};
        }
        code = (code << 6U) | (next & 0x3FU);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least || code > 0x10FFFF || surrogate) {
        return {0, 0};
    }
    return {code, bytes};
}

bool must_be_escaped(char32_t code) {
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool separator = code == 0x2028 || code == 0x2029;
    const bool bidi = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return control || separator || bidi;
}

void append_character(std::string& out, std::string_view bytes, char32_t code) {
    switch (code) {
        case U'"':
            out += "\\\"";
            return;
        case U'\\':
            out += "\\\\";
            return;
        case U'\n':
            out += "\\n";
            return;
        case U'\r':
            out += "\\r";
            return;
        case U'\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (must_be_escaped(code)) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code));
    } else {
        out += bytes;
    }
}

bool is_bare(std::string_view value) {
    if (value.empty()) {
        return false;
    }
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return value.size() <= kMaxValueBytes;
}

constexpr std::array<std::string_view, 6> kLevelWords{
    "trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 6> kUpperLevelWords{
    "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"};

std::string quoted(std::string_view value) {
    return '"' + escape(value) + '"';
}

struct AsText {
    std::string operator()(std::string_view value) const {
        return is_bare(value) ? std::string{value} : quoted(value);
    }

    std::string operator()(bool value) const { return value ? "true" : "false"; }

    template <class Number>
    std::string operator()(Number value) const {
        return fmt::to_string(value);
    }
};

struct AsJson {
    std::string operator()(std::string_view value) const { return quoted(value); }

    std::string operator()(double value) const {
        return std::isfinite(value) ? fmt::to_string(value) : "null";
    }

    template <class Other>
    std::string operator()(Other value) const {
        return AsText{}(value);
    }
};

}  // namespace

std::string escape(std::string_view value) {
    std::string out;
    out.reserve(value.size() + 2);
    std::size_t taken = 0;
    while (taken < value.size()) {
        const std::string_view rest = value.substr(taken);
        const Character next = decode(rest);
        const std::size_t bytes = next.bytes == 0 ? 1 : next.bytes;
        if (taken + bytes > kMaxValueBytes) {
            out += kEllipsis;
            break;
        }
        if (next.bytes == 0) {
            out += kReplacement;
        } else {
            append_character(out, rest.substr(0, bytes), next.code);
        }
        taken += bytes;
    }
    return out;
}

std::string text_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
    std::string line{kUpperLevelWords.at(static_cast<std::size_t>(level))};
    line += ' ';
    line += AsText{}(event);
    for (const Field& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        line += std::visit(AsText{}, field.value);
    }
    return line;
}

std::string json_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
    std::string line = fmt::format(R"("level":"{}","event":{})",
                                   kLevelWords.at(static_cast<std::size_t>(level)),
                                   quoted(event));
    for (const Field& field : fields) {
        line += ',';
        line += quoted(field.name);
        line += ':';
        line += std::visit(AsJson{}, field.value);
    }
    line += '}';
    return line;
}

std::optional<Level> parse_level(std::string_view word) {
    for (std::size_t i = 0; i < kLevelWords.size(); ++i) {
        if (kLevelWords.at(i) == word) {
            return static_cast<Level>(i);
        }
    }
    return std::nullopt;
}

std::optional<LineFormat> parse_line_format(std::string_view word) {
    if (word == "text") {
        return LineFormat::text;
    }
    if (word == "json") {
        return LineFormat::json;
    }
    return std::nullopt;
}

}  // namespace dm::log
