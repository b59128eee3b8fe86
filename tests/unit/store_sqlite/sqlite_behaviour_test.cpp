#include "device-mgmt/store/sqlite_store.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <doctest/doctest.h>

namespace {

struct Sqlite {
    explicit Sqlite(dm::test::Posted& posted) {
        auto opened = dm::store::SqliteStore::open({(folder.path() / "store.db").string(),
                                                    "n1",
                                                    {std::chrono::hours(24), 10},
                                                    0,
                                                    [] { return dm::test::kStart; }},
                                                   posted.post(),
                                                   {});
        REQUIRE(opened);
        store = std::move(*opened);
    }

    dm::test::TempFolder folder;
    std::unique_ptr<dm::store::SqliteStore> store;
};

using StoreKind = Sqlite;

}  // namespace

#include "tests/support/store_behaviour.hpp"
