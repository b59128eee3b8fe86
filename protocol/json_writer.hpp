#pragma once

#include "protocol/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dm::proto {

/// Appends `text` as a JSON string. The result is valid JSON for any bytes: what is no UTF-8
/// becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Writes one JSON object, member by member, in the order of the calls. Names are literals of this
/// library and need no escaping.
class JsonWriter {
public:
    JsonWriter& text(std::string_view name, std::string_view value);
    JsonWriter& number(std::string_view name, std::uint64_t value);
    JsonWriter& number(std::string_view name, std::chrono::seconds value);
    JsonWriter& number(std::string_view name, std::chrono::milliseconds value);
    JsonWriter& boolean(std::string_view name, bool value);
    JsonWriter& time(std::string_view name, WallTime value);

    /// `value` is JSON text and goes in as it is.
    JsonWriter& json(std::string_view name, std::string_view value);

    // Nothing is written for an absent value.
    JsonWriter& text_if_any(std::string_view name, const std::optional<std::string>& value);
    JsonWriter& json_if_any(std::string_view name, const std::optional<std::string>& value);
    JsonWriter& time_if_any(std::string_view name, const std::optional<WallTime>& value);

    /// `null` for an absent value.
    JsonWriter& text_or_null(std::string_view name, const std::optional<std::string>& value);

    /// Closes the object and hands it over; the writer is used up.
    [[nodiscard]] std::string take();

private:
    void begin(std::string_view name);

    std::string out_ = "{";
};

}  // namespace dm::proto
