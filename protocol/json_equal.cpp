#include "protocol/json_equal.hpp"

#include <nlohmann/json.hpp>

namespace dm::proto {

bool equal_json(std::string_view a, std::string_view b) {
    if (a == b) {
        return true;
    }
    const auto left = nlohmann::json::parse(a, nullptr, false);
    const auto right = nlohmann::json::parse(b, nullptr, false);
    // The texts of the values, members sorted: the library's own comparison takes −1 and 2^64−1
    // for the same number.
    return !left.is_discarded() && !right.is_discarded() && left.dump() == right.dump();
}

}  // namespace dm::proto
