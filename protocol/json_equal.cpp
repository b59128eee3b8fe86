#include "protocol/json_equal.hpp"

#include <nlohmann/json.hpp>

namespace dm::proto {

bool equal_json(std::string_view a, std::string_view b) {
    if (a == b) {
        return true;
    }
    const auto left = nlohmann::json::parse(a, nullptr, false);
    const auto right = nlohmann::json::parse(b, nullptr, false);
    return !left.is_discarded() && !right.is_discarded() && left == right;
}

}  // namespace dm::proto
