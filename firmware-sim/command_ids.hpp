#pragma once

#include "firmware-sim/ledger.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dm::sim {

/// The ids of one run's commands: `<run>-<number>`.
class CommandIds {
public:
    explicit CommandIds(std::string run) : start_(std::move(run) + "-") {}

    [[nodiscard]] std::string id(CommandNumber number) const {
        return start_ + std::to_string(number);
    }

    /// Empty for an id of somebody else's.
    [[nodiscard]] std::optional<CommandNumber> number(std::string_view id) const {
        if (id.substr(0, start_.size()) != start_) {
            return std::nullopt;
        }
        CommandNumber number = 0;
        const char* end = id.data() + id.size();
        const auto [rest, error] = std::from_chars(id.data() + start_.size(), end, number);
        return error == std::errc{} && rest == end ? std::optional{number} : std::nullopt;
    }

private:
    std::string start_;
};

}  // namespace dm::sim
