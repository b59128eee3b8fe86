#include "tests/unit/store_sqlite/samples.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <sqlite3.h>

using namespace dm;
using namespace dm::test;

namespace {

std::string refusal(const std::string& path) {
    Posted posted;
    const auto opened = store::SqliteStore::open({path, "n1", {}, 0}, posted.post(), {});
    REQUIRE_FALSE(opened);
    return opened.error();
}

std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

void execute(const std::string& path, const char* sql) {
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a second process cannot have the store, and is told who has it") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    const std::string error = refusal(path);
    CHECK(contains(error, path));
    CHECK(contains(error, "is using this store"));
    CHECK(contains(error, "process "));
    store.close();
    CHECK(OpenStore(path).loaded.unfinished.empty());
}

TEST_CASE("a store from a newer version is refused, with the way out, and not touched") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore(path).close();
    execute(path, "PRAGMA user_version=99");
    const std::string before = read(path);
    const std::string error = refusal(path);
    CHECK(contains(error, path));
    CHECK(contains(error, "newer device-mgmt (schema 99"));
    CHECK(contains(error, "device-mgmt store backup"));
    CHECK(read(path) == before);
}

TEST_CASE("a database of another program is refused and not touched") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    execute(path, "CREATE TABLE notes (text)");
    const std::string before = read(path);
    CHECK(contains(refusal(path), "a database of another program"));
    CHECK(read(path) == before);
}

TEST_CASE("a file that is no database, or a damaged one, is refused and not touched") {
    const TempFolder folder;
    const std::string text = folder.write("text.db", std::string(5000, 'x'));
    CHECK(contains(refusal(text), "no store, or damaged"));
    CHECK(read(text) == std::string(5000, 'x'));

    const std::string path = (folder.path() / "store.db").string();
    OpenStore(path).close();
    std::string bytes = read(path);
    for (std::size_t i = 100; i < 4096; ++i) {
        bytes[i] = static_cast<char>(i * 31);
    }
    folder.write("store.db", bytes);
    const std::string error = refusal(path);
    CHECK(contains(error, path));
    CHECK(contains(error, "no store, or damaged"));
    CHECK(contains(error, "Nothing was changed"));
    CHECK(read(path) == bytes);
}

TEST_CASE("a folder that cannot be made is told") {
    const TempFolder folder;
    const std::string file = folder.write("file", "");
    CHECK(contains(refusal(file + "/store.db"), "cannot create the folder"));
}
