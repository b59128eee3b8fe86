#include "device-mgmt/store/backup.hpp"

#include "device-mgmt/store/files.hpp"
#include "device-mgmt/store/meta_rows.hpp"
#include "device-mgmt/store/store_file.hpp"

#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace dm::store {

namespace fs = std::filesystem;

namespace {

/// Pages copied between two looks at the result: 4 MiB.
constexpr int kPagesAtOnce = 1024;

void copy_pages(const Database& from, const Database& to) {
    sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    if (backup == nullptr) {
        throw SqlError(sqlite3_extended_errcode(to.handle()), sqlite3_errmsg(to.handle()));
    }
    int result = SQLITE_OK;
    while (result == SQLITE_OK) {
        result = sqlite3_backup_step(backup, kPagesAtOnce);
    }
    sqlite3_backup_finish(backup);
    if (result != SQLITE_DONE) {
        throw SqlError(result, sqlite3_errstr(result));
    }
}

tl::expected<void, std::string> make_durable(const std::string& part, const std::string& to) {
    {
        const files::UniqueFd fd(::open(part.c_str(), O_RDWR | O_CLOEXEC));
        if (!fd || ::fsync(fd.get()) != 0) {
            return tl::unexpected(system_problem("cannot sync", part));
        }
    }
    if (::rename(part.c_str(), to.c_str()) != 0) {
        return tl::unexpected(system_problem("cannot rename to", to));
    }
    const fs::path folder = fs::path(to).parent_path();
    return sync_folder(folder.empty() ? "." : folder.string());
}

std::vector<StateCount> count_states(const Database& database, const std::string& table) {
    std::vector<StateCount> counts;
    Statement rows(database,
                   "SELECT state, count(*) FROM " + table + " GROUP BY state ORDER BY state");
    rows.each([&] { counts.push_back({std::string(rows.text(0)), rows.natural(1)}); });
    return counts;
}

std::uint64_t sum(const std::vector<StateCount>& counts) {
    std::uint64_t sum = 0;
    for (const StateCount& count : counts) {
        sum += count.commands;
    }
    return sum;
}

}  // namespace

tl::expected<BackupResult, std::string> back_up(const std::string& path, const std::string& to) {
    std::error_code problem;
    if (fs::exists(to, problem)) {
        return tl::unexpected(to + " exists already: a backup never overwrites");
    }
    auto from = open_for_reading(path);
    if (!from) {
        return tl::unexpected(from.error());
    }
    const std::string part = to + ".part";
    fs::remove(part, problem);
    try {
        // One read transaction around it all: the copy is of one moment, and no write of the server
        // makes it begin anew.
        from->execute("BEGIN");
        static_cast<void>(from->integer("SELECT count(*) FROM meta"));
        {
            const Database copy(part, Database::Mode::read_write);
            copy_pages(*from, copy);
        }
        from->execute("COMMIT");
    } catch (const SqlError& error) {
        fs::remove(part, problem);
        return tl::unexpected("cannot copy " + path + " to " + part + ": " + error.what());
    }
    if (auto done = make_durable(part, to); !done) {
        return tl::unexpected(done.error());
    }
    return BackupResult{fs::file_size(to, problem)};
}

tl::expected<CheckResult, std::string> check_store(const std::string& path) {
    auto database = open_for_reading(path);
    if (!database) {
        return tl::unexpected(database.error());
    }
    CheckResult result;
    try {
        database->execute("BEGIN");
        result.schema = database->integer("PRAGMA user_version");
        Statement integrity(*database, "PRAGMA integrity_check");
        integrity.each([&] {
            if (integrity.text(0) != "ok") {
                result.problems.emplace_back(integrity.text(0));
            }
        });
        result.unfinished = count_states(*database, "unfinished");
        result.finished = count_states(*database, "finished");
        result.outbox =
            static_cast<std::uint64_t>(database->integer("SELECT count(*) FROM outbox"));
        const Meta meta = load_meta(*database);
        result.ingress_lsn = meta.ingress_lsn;
        if (meta.finished != sum(result.finished)) {
            result.problems.push_back("meta counts " + std::to_string(meta.finished) +
                                      " finished commands, there are " +
                                      std::to_string(sum(result.finished)));
        }
    } catch (const SqlError& error) {
        result.problems.emplace_back(error.what());
    }
    return result;
}

}  // namespace dm::store
