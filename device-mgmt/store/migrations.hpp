#pragma once

#include <cstdint>

namespace dm::store {

class Database;

/// Marks a file as ours in its header (PRAGMA application_id): "DMst".
inline constexpr std::int64_t kApplicationId = 0x444d7374;

/// The schema this program writes (PRAGMA user_version).
[[nodiscard]] std::int64_t newest_schema();

/// Brings a database from schema `from` (0: empty) to the newest, in one transaction.
void migrate(Database& database, std::int64_t from);

}  // namespace dm::store
