#include "device-mgmt/store/device_buffer.hpp"
#include "device-mgmt/store/sqlite_store.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace {

/// A file that is there again when the store is opened anew, or nothing of the kind.
struct Sqlite {
    explicit Sqlite(dm::test::Posted& posted) {
        auto opened = dm::store::SqliteStore::open({(folder.path() / "store.db").string(),
                                                    "n1",
                                                    {std::chrono::hours(24), 10},
                                                    0,
                                                    [] { return dm::test::kStart; },
                                                    dm::test::kDevicesKept},
                                                   posted.post(),
                                                   {});
        REQUIRE(opened);
        store = std::move(*opened);
    }

    dm::test::TempFolder folder;
    std::unique_ptr<dm::store::Store> store;
};

using FleetKind = Sqlite;

}  // namespace

#include "tests/support/fleet_behaviour.hpp"

TEST_CASE("devices outlive the process, and those it left online are offline") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    {
        OpenStore store(path);
        store->save_device(connected("d-1", 7));
        store->save_device(gone(connected("d-2", 8), later(1s)));
    }
    OpenStore again(path);
    const auto find = [&](const std::string& id) {
        std::optional<DeviceDetails> found;
        again.wait([&](auto done) {
            again->find_device(device_id(id), [&found, done](const auto& answer) {
                found = answer.value();
                done();
            });
        });
        return found;
    };
    REQUIRE(find("d-1").has_value());
    CHECK_FALSE(find("d-1")->online);
    CHECK(find("d-1")->reason == "node_stopped");
    CHECK(find("d-1")->since == kStart.wall);
    REQUIRE(find("d-2").has_value());
    CHECK(find("d-2")->reason == "going_away");
}

TEST_CASE("thousands of devices go a few at a time, oldest call first, each once") {
    store::DeviceBuffer buffer;
    for (int i = 0; i < 1000; ++i) {
        buffer.hold(connected("d-" + std::to_string(i), 1));
    }
    buffer.hold(gone(connected("d-0", 1), later(1s)));
    CHECK(buffer.size() == 1000);
    const auto first = buffer.next(store::DeviceBuffer::kPerTransaction);
    REQUIRE(first.size() == store::DeviceBuffer::kPerTransaction);
    CHECK(first[0]->device.str() == "d-0");
    CHECK_FALSE(first[0]->online);
    buffer.forget(first.size());
    CHECK(buffer.next(1)[0]->device.str() ==
          "d-" + std::to_string(store::DeviceBuffer::kPerTransaction));
    CHECK(buffer.size() == 1000 - store::DeviceBuffer::kPerTransaction);
}
