#pragma once

#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::store {

/// The table `outbox`, as the writer uses it, within its transactions.
class OutboxRows {
public:
    explicit OutboxRows(const Database& database);

    void put(const OutboxRow& row);

    /// Numbers that are not there are ignored.
    void remove(std::vector<std::uint64_t> numbers);

    /// Those that are there.
    [[nodiscard]] std::vector<OutboxRow> find(const std::vector<std::uint64_t>& numbers);

private:
    Statement put_;
    Statement remove_;
    Statement find_;
};

/// Of all rows, rising.
[[nodiscard]] std::vector<std::uint64_t> load_outbox_numbers(const Database& database);

using Properties = std::vector<std::pair<std::string, std::string>>;

/// Lines `name<TAB>value`; tab, line feed and backslash are written `\t`, `\n` and `\\`.
[[nodiscard]] std::string to_lines(const Properties& properties);
[[nodiscard]] Properties parse_lines(std::string_view lines);

}  // namespace dm::store
