#include "protocol/json_writer.hpp"

#include "protocol/ids.hpp"

#include <cstddef>
#include <utility>

namespace dm::proto {

namespace {

/// A large value gets room for what usually follows it: growing by doubling would leave a frame
/// that waits to be sent twice as large as it is.
constexpr std::size_t kLarge = 1024;
constexpr std::size_t kRest = 256;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string& out, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHex[static_cast<unsigned char>(c) >> 4U];
            out += kHex[static_cast<unsigned char>(c) & 0xFU];
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (static_cast<unsigned char>(c) < 0x80) {
            if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
                append_escaped(out, c);
            } else {
                out += c;
            }
            ++at;
            continue;
        }
        const std::size_t length = utf8_sequence_at(text, at);
        out += length == 0 ? kReplacement : text.substr(at, length);
        at += length == 0 ? 1 : length;
    }
    out += '"';
}

void JsonWriter::begin(std::string_view name) {
    out_ += out_.size() == 1 ? "\"" : ",\"";
    out_ += name;
    out_ += "\":";
}

JsonWriter& JsonWriter::text(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(out_, value);
    return *this;
}

JsonWriter& JsonWriter::number(std::string_view name, std::uint64_t value) {
    begin(name);
    out_ += std::to_string(value);
    return *this;
}

JsonWriter& JsonWriter::number(std::string_view name, std::chrono::seconds value) {
    begin(name);
    out_ += std::to_string(value.count());
    return *this;
}

JsonWriter& JsonWriter::number(std::string_view name, std::chrono::milliseconds value) {
    begin(name);
    out_ += std::to_string(value.count());
    return *this;
}

JsonWriter& JsonWriter::boolean(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "true" : "false";
    return *this;
}

JsonWriter& JsonWriter::time(std::string_view name, WallTime value) {
    return text(name, format_time(value));
}

JsonWriter& JsonWriter::json(std::string_view name, std::string_view value) {
    begin(name);
    if (value.size() > kLarge) {
        out_.reserve(out_.size() + value.size() + kRest);
    }
    out_ += value;
    return *this;
}

JsonWriter& JsonWriter::text_if_any(std::string_view name,
                                    const std::optional<std::string>& value) {
    return value ? text(name, *value) : *this;
}

JsonWriter& JsonWriter::json_if_any(std::string_view name,
                                    const std::optional<std::string>& value) {
    return value ? json(name, *value) : *this;
}

JsonWriter& JsonWriter::time_if_any(std::string_view name, const std::optional<WallTime>& value) {
    return value ? time(name, *value) : *this;
}

JsonWriter& JsonWriter::text_or_null(std::string_view name,
                                     const std::optional<std::string>& value) {
    return value ? text(name, *value) : json(name, "null");
}

std::string JsonWriter::take() {
    out_ += '}';
    return std::move(out_);
}

}  // namespace dm::proto
