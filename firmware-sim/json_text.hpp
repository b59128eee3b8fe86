#pragma once

#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

/// The little JSON a simulator reads (arguments of commands) and writes (states, reports).
namespace dm::sim {

[[nodiscard]] std::string json_string(std::string_view text);

/// Shortest text that reads back as the same number; `null` for NaN and infinities.
[[nodiscard]] std::string json_number(double value);

[[nodiscard]] bool is_json_object(std::string_view text);

/// Builds one object in the order of the calls.
class JsonObject {
public:
    JsonObject& text(std::string_view key, std::string_view value);
    JsonObject& boolean(std::string_view key, bool value);

    /// `value` is the JSON text of any value.
    JsonObject& json(std::string_view key, std::string_view value);

    template <class Number>
    JsonObject& number(std::string_view key, Number value) {
        if constexpr (std::is_floating_point_v<Number>) {
            return json(key, json_number(static_cast<double>(value)));
        } else {
            return json(key, std::to_string(value));
        }
    }

    [[nodiscard]] std::string str() const { return "{" + members_ + "}"; }

private:
    std::string members_;
};

[[nodiscard]] std::string json_array(const std::vector<std::string>& values);

/// The arguments of a command: the members of an object whose values are texts, numbers or
/// booleans. Numbers may also come as texts ("21.5"), because some operators send only texts.
class Args {
public:
    /// Empty when `json` is no object.
    [[nodiscard]] static Args parse(std::string_view json);

    /// The error is a sentence that names the argument.
    [[nodiscard]] tl::expected<double, std::string> number(const std::string& key,
                                                           double low,
                                                           double high) const;
    [[nodiscard]] tl::expected<std::string, std::string> text(const std::string& key) const;

    [[nodiscard]] bool has(const std::string& key) const { return members_.count(key) > 0; }

private:
    struct Other {};

    std::map<std::string, std::variant<Other, double, std::string, bool>> members_;
};

}  // namespace dm::sim
