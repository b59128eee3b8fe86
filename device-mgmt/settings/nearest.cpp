#include "device-mgmt/settings/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace dm::settings {

namespace {

constexpr std::size_t kMaxTyped = 100;

/// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

bool is_last_part(std::string_view name, std::string_view typed) {
    return name.size() > typed.size() && name.substr(name.size() - typed.size()) == typed &&
           name[name.size() - typed.size() - 1] == '.';
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& names) {
    if (typed.empty() || typed.size() > kMaxTyped) {
        return std::nullopt;
    }
    std::optional<std::string> best;
    std::size_t best_distance = typed.size() / 3 + 1;
    for (const std::string& name : names) {
        const std::size_t now = distance(typed, name);
        if (now < best_distance) {
            best_distance = now;
            best = name;
        }
    }
    if (!best) {
        const auto fits = [&](const std::string& name) { return is_last_part(name, typed); };
        if (std::count_if(names.begin(), names.end(), fits) == 1) {
            best = *std::find_if(names.begin(), names.end(), fits);
        }
    }
    return best;
}

}  // namespace dm::settings
