#pragma once

#include "device-mgmt/files/unique_fd.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <string>

#include <tl/expected.hpp>

namespace dm::store {

/// The database file, opened for writing, and the lock that keeps other processes from doing so.
struct StoreFile {
    files::UniqueFd lock;  ///< on `<path>.lock`; released after the database is closed
    Database database;
};

/// Opens or makes the store at `path` and brings it to the newest schema. Refuses, and changes
/// nothing, when another process has it, when it is damaged, no store, or from a newer program;
/// the sentence names the path and what to do.
[[nodiscard]] tl::expected<StoreFile, std::string> open_store_file(const std::string& path);

/// A sentence for what SQLite found wrong with the store at `path`, and what to do.
[[nodiscard]] std::string describe(const std::string& path, const SqlError& error);

/// Opens a store that must exist for reading only, whoever writes to it meanwhile.
[[nodiscard]] tl::expected<Database, std::string> open_for_reading(const std::string& path);

}  // namespace dm::store
