#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

namespace dm::settings {

enum class Type { boolean, integer, number, text, list };

/// In the order of Type.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

[[nodiscard]] Type type_of(const Value& value);

/// `true or false`, `an integer`, `a number`, `a text`, `a list of texts`.
[[nodiscard]] std::string_view description(Type type);

/// A value as flags and environment variables write it: `true`/`false`, decimal numbers, texts as
/// they are, lists with commas. The error is a reason without the text itself.
[[nodiscard]] tl::expected<Value, std::string> parse_value(Type type, std::string_view text);

/// `value` as `type`: itself, or an integer where a number is wanted.
[[nodiscard]] tl::expected<Value, std::string> coerce(Type type, Value value);

/// As TOML writes it: `"text"`, `["a", "b"]`, `0.8`, `true`.
[[nodiscard]] std::string to_toml(const Value& value);

}  // namespace dm::settings
