#include "firmware-sim/json_text.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dm::sim {

std::string json_string(std::string_view text) {
    // Peers' texts end up in reports: what is no UTF-8 is replaced, not refused.
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_number(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

bool is_json_object(std::string_view text) {
    return nlohmann::json::parse(text, nullptr, false).is_object();
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
    return json(key, json_string(value));
}

JsonObject& JsonObject::boolean(std::string_view key, bool value) {
    return json(key, value ? "true" : "false");
}

JsonObject& JsonObject::json(std::string_view key, std::string_view value) {
    if (!members_.empty()) {
        members_ += ',';
    }
    members_ += json_string(key);
    members_ += ':';
    members_ += value;
    return *this;
}

std::string json_array(const std::vector<std::string>& values) {
    return fmt::format("[{}]", fmt::join(values, ","));
}

Args Args::parse(std::string_view json) {
    Args args;
    const auto document = nlohmann::json::parse(json, nullptr, false);
    if (!document.is_object()) {
        return args;
    }
    for (const auto& [key, value] : document.items()) {
        auto& member = args.members_[key];
        if (value.is_number()) {
            member = value.get<double>();
        } else if (value.is_string()) {
            member = value.get<std::string>();
        } else if (value.is_boolean()) {
            member = value.get<bool>();
        }
    }
    return args;
}

tl::expected<double, std::string> Args::number(const std::string& key,
                                               double low,
                                               double high) const {
    const auto found = members_.find(key);
    if (found == members_.end()) {
        return tl::unexpected(fmt::format("argument '{}' is missing", key));
    }
    double value = NAN;
    if (const auto* number = std::get_if<double>(&found->second)) {
        value = *number;
    } else if (const auto* text = std::get_if<std::string>(&found->second)) {
        const char* end = text->data() + text->size();
        const auto [rest, error] = std::from_chars(text->data(), end, value);
        if (error != std::errc{} || rest != end) {
            value = NAN;
        }
    }
    if (!(value >= low && value <= high)) {
        return tl::unexpected(
            fmt::format("argument '{}' must be a number from {} to {}", key, low, high));
    }
    return value;
}

tl::expected<std::string, std::string> Args::text(const std::string& key) const {
    const auto found = members_.find(key);
    if (found == members_.end()) {
        return tl::unexpected(fmt::format("argument '{}' is missing", key));
    }
    if (const auto* text = std::get_if<std::string>(&found->second)) {
        return *text;
    }
    return tl::unexpected(fmt::format("argument '{}' must be a text", key));
}

}  // namespace dm::sim
