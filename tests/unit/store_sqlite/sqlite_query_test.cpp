#include "device-mgmt/store/sqlite.hpp"
#include "device-mgmt/store/store_file.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

/// What an operator sees: rows as lines, columns separated by `|`.
std::vector<std::string> look(const std::string& path, const std::string& sql) {
    std::vector<std::string> lines;
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
    const auto row = [](void* to, int columns, char** values, char** /*names*/) {
        std::string line;
        for (int i = 0; i < columns; ++i) {
            line += (i == 0 ? "" : "|") + std::string(values[i] == nullptr ? "" : values[i]);
        }
        static_cast<std::vector<std::string>*>(to)->push_back(line);
        return 0;
    };
    CHECK(sqlite3_exec(database, sql.c_str(), row, &lines, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    return lines;
}

}  // namespace

TEST_CASE("an operator reads states, times and history beside a running server") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    store.accept(accepted(key("c-1")));
    store->mark({key("c-1"), proto::CommandState::sent, 1, {}, later(1s).wall, ""});
    store.finish(finished(key("c-1"), later(2s)));
    store.accept(accepted(key("c-2")));
    CHECK(
        look(path,
             "SELECT device, id, state, attempts, accepted, finished FROM commands ORDER BY id") ==
        std::vector<std::string>{
            "dev-1|c-1|succeeded|1|2027-01-15T08:00:00.000Z|2027-01-15T08:00:02.000Z",
            "dev-1|c-2|accepted|0|2027-01-15T08:00:00.000Z|"});
    CHECK(look(path, "SELECT at, state, attempt FROM history WHERE id = 'c-1' ORDER BY at") ==
          std::vector<std::string>{"2027-01-15T08:00:00.000Z|accepted|0",
                                   "2027-01-15T08:00:01.000Z|sent|1",
                                   "2027-01-15T08:00:02.000Z|succeeded|1"});
}

TEST_CASE("searches of ends by key, id and device use an index, in each of its parts") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    // Twice: what the connection that makes the store knows of it is not what others read.
    for (int turn = 0; turn < 2; ++turn) {
        const auto store = store::open_store_file(path);
        REQUIRE(store);
        const auto plan = [&](const std::string& table, const std::string& condition) {
            std::string steps;
            std::string query = "EXPLAIN QUERY PLAN SELECT * FROM ";
            query.append(table).append(" WHERE ").append(condition);
            store::Statement rows(store->database, query);
            rows.each([&] { steps += rows.text(3); });
            return steps;
        };
        const std::string both = "id = 'a' AND device = 'b'";
        CHECK(plan("finished", both).find("finished_key (ANY(<expr>) AND id=? AND device=?)") !=
              std::string::npos);
        CHECK(plan("finished", "id = 'a'").find("finished_key (ANY(<expr>) AND id=?") !=
              std::string::npos);
        CHECK(
            plan("finished", "device = 'b'").find("finished_of_device (ANY(<expr>) AND device=?") !=
            std::string::npos);
    }
}

TEST_CASE("a store of schema 2 becomes one of today, and keeps what is in it") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    {
        OpenStore store(path);
        store.accept(accepted(key("c-1")));
        store.finish(finished(key("c-2"), kStart));
    }
    {
        store::Database database(path, store::Database::Mode::read_write);
        database.execute(
            "DROP VIEW commands; DROP VIEW history; DROP VIEW unfinished; DROP TABLE steps;"
            "ALTER TABLE accepted RENAME TO unfinished;"
            "CREATE VIEW commands AS SELECT 1; CREATE VIEW history AS SELECT 1;"
            "DROP INDEX finished_key; DROP INDEX finished_of_device;"
            "ALTER TABLE unfinished DROP COLUMN imported; ALTER TABLE finished DROP COLUMN "
            "imported;"
            "CREATE INDEX unfinished_key ON unfinished (seq >> 16, id, device);"
            "CREATE INDEX finished_key ON finished (number >> 16, id, device);"
            "CREATE INDEX finished_of_device ON finished (number >> 16, device);"
            "PRAGMA user_version=2");
    }
    OpenStore store(path);
    CHECK(store.loaded.unfinished.size() == 1);
    CHECK(look(path, "SELECT id FROM commands ORDER BY id") ==
          std::vector<std::string>{"c-1", "c-2"});
    CHECK(look(path, "PRAGMA user_version") == std::vector<std::string>{"4"});
    CHECK(look(path,
               "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
               " AND (sql LIKE '%seq >>%' OR sql LIKE '%number >> 14%')") ==
          std::vector<std::string>{"2"});
}

TEST_CASE("the history of an end tells why") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    core::FinishedCommand failed =
        finished(key("c-1"), kStart, R"({"status":"rejected","error":{"code":"device_rejected"}})");
    failed.state = proto::CommandState::failed;
    store.finish(failed);
    store.finish(finished(key("c-2"), kStart, R"({"status":"ok"})"));
    CHECK(store.query(key("c-1"))->history.back().detail == "device_rejected");
    CHECK(store.query(key("c-2"))->history.back().detail == "ok");
}

TEST_CASE("too many queries at once are answered busy, none is left out") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    constexpr int kQueries = 20'000;
    int answered = 0;
    int busy = 0;
    for (int i = 0; i < kQueries; ++i) {
        store->find_by_id("x", [&](const auto& answer) {
            ++answered;
            busy += answer ? 0 : 1;
        });
    }
    store.posted.run_until([&] { return answered == kQueries; });
    CHECK(busy < kQueries);
}
