#include "device-mgmt/store/backup.hpp"
#include "device-mgmt/store/meta_rows.hpp"
#include "device-mgmt/store/store_file.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

/// The table `meta`, and with what younger rows add to it.
struct Seen {
    store::Meta table;
    store::Meta all;
};

Seen look(const std::string& path) {
    auto database = store::open_for_reading(path);
    REQUIRE(database);
    return {store::load_saved_meta(*database), store::load_meta(*database)};
}

/// As an arrival is imported: the command and its place in the log in one transaction.
void import(OpenStore& store, const std::string& id, std::uint64_t lsn) {
    store.wait([&](auto done) {
        store->together([&] {
            store->accept(accepted(key(id)), std::move(done));
            store->imported(lsn);
        });
    });
}

}  // namespace

TEST_CASE("what the table meta does not tell yet, the rows do") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    for (std::uint64_t lsn = 1; lsn <= 10; ++lsn) {
        import(store, std::to_string(lsn), lsn);
    }
    CHECK(look(path).table.accepted == 0);
    CHECK(look(path).all.accepted == 10);
    CHECK(look(path).all.ingress_lsn == 10);
    for (int id = 1; id <= 10; ++id) {
        store.finish(finished(key(std::to_string(id))));
    }
    const Seen seen = look(path);
    CHECK(seen.table.ended == 0);
    CHECK(seen.all.accepted == 10);
    CHECK(seen.all.ended == 10);
    CHECK(seen.all.finished == 10);
    CHECK(seen.all.ingress_lsn == 10);
    CHECK(store::check_store(path)->problems.empty());
}

TEST_CASE("what no row of a command tells is written to meta at once") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    import(store, "1", 1);
    store.wait([&](auto done) {  // a rejection
        store->together([&] {
            store->put_outbox(message(1), std::move(done));
            store->imported(2);
        });
    });
    CHECK(look(path).table.ingress_lsn == 2);
    import(store, "3", 3);
    CHECK(look(path).table.ingress_lsn == 2);
    CHECK(look(path).all.ingress_lsn == 3);
}

TEST_CASE("meta is written again before many rows are younger than it") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    for (std::uint64_t lsn = 1; lsn < store::MetaRows::kMaxYounger; ++lsn) {
        import(store, std::to_string(lsn), lsn);
    }
    CHECK(look(path).table.accepted == 0);
    import(store, "last", store::MetaRows::kMaxYounger);
    CHECK(look(path).table.accepted == store::MetaRows::kMaxYounger);
    CHECK(look(path).table.ingress_lsn == store::MetaRows::kMaxYounger);
}

TEST_CASE("an end that meta counts and another one replaces is counted once") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    store.finish(finished(key("1")));
    store.finish(finished(key("2")));
    store.wait([&](auto done) {  // no row of a command: meta is written
        store->together([&] {
            store->put_outbox(message(1), std::move(done));
            store->imported(1);
        });
    });
    REQUIRE(look(path).table.finished == 2);
    store.finish(finished(key("1")));
    CHECK(look(path).all.finished == 2);
    CHECK(store::check_store(path)->problems.empty());
}

TEST_CASE("an end that is removed is no longer counted, whatever was written when") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    store::SqliteSettings settings;
    settings.keep.count = 3;
    OpenStore store(path, settings);
    for (int id = 1; id <= 9; ++id) {
        store.finish(finished(key(std::to_string(id)), kStart));
        store.finish(finished(key("again"), kStart));  // takes the place of the one before
    }
    CHECK(look(path).all.finished == 10);
    CHECK(store::check_store(path)->problems.empty());
    store.set_clock(later(3h));  // beyond what is kept after the deadline
    for (int id = 10; id <= 19; ++id) {
        store.finish(finished(key(std::to_string(id)), later(3h)));
    }
    const Seen seen = look(path);
    CHECK(seen.all.finished < 20);
    CHECK(seen.all.ended == 28);
    CHECK(store::check_store(path)->problems.empty());
    store.close();
    OpenStore again(path);
    CHECK(store::check_store(path)->problems.empty());
}
