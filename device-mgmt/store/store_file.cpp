#include "device-mgmt/store/store_file.hpp"

#include "device-mgmt/store/files.hpp"
#include "device-mgmt/store/migrations.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace dm::store {

namespace fs = std::filesystem;

namespace {

constexpr const char* kWayOut =
    " Nothing was changed. Put back a copy made by 'device-mgmt store backup', or move the file "
    "(with -wal and -shm beside it) away to begin with an empty store.";

std::string refusal(const std::string& path, const std::string& why) {
    return "store " + path + ": " + why + kWayOut;
}

/// Why this file must not be used, if there is a reason. Reads only.
std::optional<std::string> objection(Database& database, const std::string& path) {
    const std::int64_t schema = database.integer("PRAGMA user_version");
    const std::int64_t application = database.integer("PRAGMA application_id");
    const std::int64_t tables = database.integer("SELECT count(*) FROM sqlite_master");
    if (schema == 0 && application == 0 && tables == 0) {
        return std::nullopt;
    }
    if (application != kApplicationId) {
        return refusal(path, "a database of another program.");
    }
    if (schema > newest_schema()) {
        return refusal(path,
                       "written by a newer device-mgmt (schema " + std::to_string(schema) +
                           ", this one knows " + std::to_string(newest_schema()) +
                           "): run that version.");
    }
    return std::nullopt;
}

void prepare(Database& database) {
    database.execute("PRAGMA journal_mode=WAL");
    database.execute("PRAGMA synchronous=FULL");
    // Checkpoints are explicit: where they cost least. The hook of wal_pages() stays in place.
    // KiB. Ids rise with time, so that what is written lies together: four times as much was no
    // faster with a million commands kept (scripts/bench store).
    database.execute("PRAGMA cache_size=-8192");
    database.execute("PRAGMA temp_store=MEMORY");
    migrate(database, database.integer("PRAGMA user_version"));
}

}  // namespace

std::string describe(const std::string& path, const SqlError& error) {
    if (error.is_corrupt()) {
        return refusal(path, std::string("no store, or damaged: ") + error.what() + ".");
    }
    return "store " + path + ": " + error.what();
}

tl::expected<StoreFile, std::string> open_store_file(const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    std::error_code problem;
    if (!folder.empty()) {
        fs::create_directories(folder, problem);
        if (problem) {
            return tl::unexpected("store " + path +
                                  ": cannot create the folder: " + problem.message());
        }
    }
    auto lock = lock_file(path + ".lock");
    if (!lock) {
        return tl::unexpected("store " + path + ": " + lock.error());
    }
    try {
        Database database(path, Database::Mode::read_write);
        // Until it is known to be ours, not even its WAL is touched.
        database.set_checkpoint_on_close(false);
        if (auto reason = objection(database, path)) {
            return tl::unexpected(std::move(*reason));
        }
        database.set_checkpoint_on_close(true);
        prepare(database);
        if (auto synced = sync_folder(folder.empty() ? "." : folder.string()); !synced) {
            return tl::unexpected(synced.error());
        }
        return StoreFile{std::move(*lock), std::move(database)};
    } catch (const SqlError& error) {
        return tl::unexpected(describe(path, error));
    }
}

tl::expected<Database, std::string> open_for_reading(const std::string& path) {
    try {
        std::error_code ignored;
        if (!fs::exists(path, ignored)) {
            return tl::unexpected("store " + path + ": no such file");
        }
        Database database(path, Database::Mode::read_only);
        if (auto reason = objection(database, path)) {
            return tl::unexpected(std::move(*reason));
        }
        if (database.integer("PRAGMA user_version") == 0) {
            return tl::unexpected("store " + path + ": empty, no store yet");
        }
        return database;
    } catch (const SqlError& error) {
        return tl::unexpected(describe(path, error));
    }
}

}  // namespace dm::store
