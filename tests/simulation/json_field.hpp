#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace dm::simulation {

/// The text of a field of a message of ours. Looked for, not parsed: a run reads hundreds, and what
/// chance puts into them has no quotes and none of these names.
[[nodiscard]] inline std::string text_field(std::string_view json, std::string_view name) {
    const std::string start = '"' + std::string(name) + R"(":")";
    const std::size_t at = json.find(start);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::size_t begin = at + start.size();
    return std::string(json.substr(begin, json.find('"', begin) - begin));
}

[[nodiscard]] inline std::uint64_t number_field(std::string_view json, std::string_view name) {
    const std::string start = '"' + std::string(name) + R"(":)";
    const std::size_t at = json.find(start);
    std::uint64_t number = 0;
    if (at != std::string_view::npos) {
        std::from_chars(json.data() + at + start.size(), json.data() + json.size(), number);
    }
    return number;
}

}  // namespace dm::simulation
