#include "tests/support/file_size_limit.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <string>

#include <doctest/doctest.h>
#include <sqlite3.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

void execute(const std::string& path, const char* sql) {
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    sqlite3_busy_timeout(other, 5000);
    CHECK(sqlite3_exec(other, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
}

}  // namespace

TEST_CASE("without space nothing completes, and with space again everything does, once, in order") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    store::SqliteSettings settings;
    settings.max_pages = 64;
    OpenStore store(path, settings);
    // Messages fill the file up to its bound.
    const std::string large(2000, 'x');
    std::uint64_t put = 0;
    std::uint64_t completed = 0;
    store.posted.run_until([&] {
        if (store.became_full == 0 && put == completed) {
            store->put_outbox(message(++put, large), [&completed] { ++completed; });
        }
        return store.became_full > 0;
    });
    CHECK_FALSE(store->writable());
    CHECK(store.full_reason.find("full") != std::string::npos);
    CHECK(completed == put - 1);
    std::string order;
    store->accept(accepted(key("c-1")), [&] { order += "accepted "; });
    store->finish(finished(key("c-1")), [&] { order += "finished "; });
    // Queries need no space.
    CHECK_FALSE(store.query(key("c-1")));
    CHECK(completed == put - 1);
    CHECK(order.empty());

    // Somebody makes room: here as another connection, on a disk by removing files.
    execute(path, "DELETE FROM outbox WHERE number <= 20");
    store.posted.run_until([&] { return order == "accepted finished "; });
    CHECK(completed == put);
    CHECK(store.became_full == 1);
    CHECK(store.became_writable == 1);
    CHECK(store->writable());
    CHECK(store.query(key("c-1"))->history.size() == 2);
    store.close();
    CHECK(OpenStore(path).loaded.outbox.size() == put - 20);
}

TEST_CASE("an end that found no space at first is the end of what was accepted") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    store::SqliteSettings settings;
    settings.max_pages = 64;
    OpenStore store(path, settings);
    const std::string large(150'000, 'x');
    store.accept(accepted(key("c-1")));
    store.wait([&](auto done) { store->put_outbox(message(1, large), std::move(done)); });
    bool done = false;
    store->finish(finished(key("c-1"), later(5s)), message(2, large), [&] { done = true; });
    store.posted.run_until([&] { return store.became_full > 0; });
    CHECK_FALSE(done);
    execute(path, "DELETE FROM outbox WHERE number = 1");
    store.posted.run_until([&] { return done; });
    CHECK(store.query(key("c-1"))->accepted_at == kStart.wall);
    CHECK(store.query(key("c-1"))->history.size() == 2);
    store.close();
    CHECK(OpenStore(path).loaded.unfinished.empty());
}

TEST_CASE("closing a store that has no space does not wait for it") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    store::SqliteSettings settings;
    settings.max_pages = 64;
    bool completed = false;
    {
        OpenStore store(path, settings);
        store->put_outbox(message(1, std::string(400'000, 'x')), [&] { completed = true; });
        store.posted.run_until([&] { return store.became_full > 0; });
    }
    CHECK_FALSE(completed);
    CHECK(OpenStore(path).loaded.outbox.empty());
}

TEST_CASE("a program that holds the database for writing is waited for") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    bool done = false;
    store->accept(accepted(key("c-1")), [&] { done = true; });
    store.posted.run_until([&] { return store.became_full > 0; });
    CHECK_FALSE(done);
    sqlite3_close(other);
    store.posted.run_until([&] { return done; });
    CHECK(store->writable());
}

TEST_CASE("a disk that fails ends the store for good, and nothing more completes") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    bool completed = false;
    {
        OpenStore store(path);
        store.accept(accepted(key("before")));
        const FileSizeLimit limit(65'536);
        store->put_outbox(message(1, std::string(400'000, 'x')), [&] { completed = true; });
        store->accept(accepted(key("after")), [&] { completed = true; });
        store.posted.run_until([&] { return store.died > 0; });
        CHECK_FALSE(store->writable());
        CHECK(store.became_full == 0);
    }
    CHECK_FALSE(completed);
    OpenStore again(path);
    REQUIRE(again.loaded.unfinished.size() == 1);
    CHECK(again.loaded.unfinished[0].key == key("before"));
}

TEST_CASE("a row that makes no sense stops the start, with the way out") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    {
        OpenStore store(path);
        store.accept(accepted(key("c-1")));
    }
    execute(path, "UPDATE accepted SET state = 'nonsense'");
    Posted posted;
    auto opened = store::SqliteStore::open({path, "n1", {}, 0}, posted.post(), {});
    REQUIRE(opened);
    std::string reason;
    try {
        static_cast<void>((*opened)->load(kStart));
    } catch (const std::runtime_error& error) {
        reason = error.what();
    }
    CHECK(reason.find(path) != std::string::npos);
    CHECK(reason.find("unknown state 'nonsense'") != std::string::npos);
    CHECK(reason.find("device-mgmt store backup") != std::string::npos);
}
