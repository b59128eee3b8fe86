#include "device-mgmt/store/device_buffer.hpp"
#include "device-mgmt/store/sqlite_store.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using proto::DeviceDetails;

namespace {

constexpr std::size_t kKeep = 300;

DeviceDetails connected(const std::string& id, std::uint64_t epoch, core::Moment at = kStart) {
    return {
        device_id(id), true, epoch, "n1", at.wall, "connected", {}, {}, {}, {}, at.wall, at.wall};
}

DeviceDetails gone(DeviceDetails device, core::Moment at) {
    device.online = false;
    device.since = at.wall;
    device.last_seen = at.wall;
    device.reason = "going_away";
    return device;
}

/// A file that is there again when the store is opened anew, or nothing of the kind.
struct Sqlite {
    explicit Sqlite(Posted& posted) {
        auto opened = store::SqliteStore::open({(folder.path() / "store.db").string(),
                                                "n1",
                                                {24h, 10},
                                                0,
                                                [] { return kStart; },
                                                kKeep},
                                               posted.post(),
                                               {});
        REQUIRE(opened);
        store = std::move(*opened);
    }

    TempFolder folder;
    std::unique_ptr<store::Store> store;
};

struct Memory {
    explicit Memory(Posted& posted)
        : store(std::make_unique<test::MemoryStore>(test::MemoryStoreSettings{24h, 10, "n1", kKeep},
                                                    posted.post())) {}

    std::unique_ptr<store::Store> store;
};

template <class Kind>
struct Fleet {
    Fleet() : made(posted), store(*made.store) { static_cast<void>(store.load(kStart)); }

    std::optional<DeviceDetails> find(const std::string& id) {
        bool answered = false;
        std::optional<DeviceDetails> found;
        store.find_device(device_id(id), [&](const auto& answer) {
            answered = true;
            found = answer.value();
        });
        posted.run_until([&] { return answered; });
        return found;
    }

    store::DeviceList list(const proto::DevicesQuery& query) {
        std::optional<store::DeviceList> list;
        store.list_devices(query, [&](const auto& answer) { list = answer.value(); });
        posted.run_until([&] { return list.has_value(); });
        return *list;
    }

    std::string ids(const proto::DevicesQuery& query) {
        const store::DeviceList found = list(query);
        std::string text;
        for (const DeviceDetails& device : found.devices) {
            text += device.device.str() + " ";
        }
        return text + (found.more ? "…" : ".");
    }

    Posted posted;
    Kind made;
    store::Store& store;
};

std::optional<proto::DeviceId> behind(const std::string& id) {
    return device_id(id);
}

}  // namespace

TEST_CASE_TEMPLATE("a device is found as it was last told, one never seen is not",
                   Kind,
                   Memory,
                   Sqlite) {
    Fleet<Kind> fleet;
    CHECK_FALSE(fleet.find("d-1").has_value());
    DeviceDetails device = connected("d-1", 7);
    device.model = "L1";
    device.firmware = "2.0";
    device.labels = R"({"site":"hall"})";
    device.groups = {*proto::Name::parse("night"), *proto::Name::parse("site.hall")};
    fleet.store.save_device(device);
    const auto found = fleet.find("d-1");
    REQUIRE(found.has_value());
    CHECK(found->online);
    CHECK(found->epoch == 7);
    CHECK(found->node == "n1");
    CHECK(found->since == kStart.wall);
    CHECK(found->reason == "connected");
    CHECK(found->model == "L1");
    CHECK(found->firmware == "2.0");
    CHECK(found->labels == R"({"site":"hall"})");
    CHECK(found->groups == device.groups);
    CHECK(found->first_seen == kStart.wall);
    CHECK(found->last_seen == kStart.wall);
}

TEST_CASE_TEMPLATE("a later session keeps when a device was first seen and what it said of itself",
                   Kind,
                   Memory,
                   Sqlite) {
    Fleet<Kind> fleet;
    DeviceDetails device = connected("d-1", 7);
    device.model = "L1";
    fleet.store.save_device(device);
    fleet.store.save_device(gone(device, later(5s)));
    static_cast<void>(fleet.find("d-1"));  // now it is in the table
    fleet.store.save_device(connected("d-1", 8, later(9s)));
    const auto found = fleet.find("d-1");
    REQUIRE(found.has_value());
    CHECK(found->online);
    CHECK(found->epoch == 8);
    CHECK(found->model == "L1");
    CHECK(found->first_seen == kStart.wall);
    CHECK(found->since == later(9s).wall);
}

TEST_CASE_TEMPLATE("the end of an older session changes nothing", Kind, Memory, Sqlite) {
    Fleet<Kind> fleet;
    fleet.store.save_device(connected("d-1", 8));
    SUBCASE("while it is on its way") {}
    SUBCASE("once it is stored") {
        static_cast<void>(fleet.find("d-1"));
    }
    fleet.store.save_device(gone(connected("d-1", 7), later(1s)));
    CHECK(fleet.find("d-1")->online);
    CHECK(fleet.find("d-1")->epoch == 8);
}

TEST_CASE_TEMPLATE("the fleet is listed by id, a page at a time", Kind, Memory, Sqlite) {
    Fleet<Kind> fleet;
    for (const std::string id : {"lamp-2", "lamp-1", "meter:1", "lamp-3", "lampshade"}) {
        fleet.store.save_device(connected(id, 1));
    }
    fleet.store.save_device(gone(connected("lamp-2", 1), later(1s)));
    CHECK(fleet.ids({}) == "lamp-1 lamp-2 lamp-3 lampshade meter:1 .");
    CHECK(fleet.ids({std::nullopt, "", 2, std::nullopt}) == "lamp-1 lamp-2 …");
    CHECK(fleet.ids({std::nullopt, "", 2, behind("lamp-2")}) == "lamp-3 lampshade …");
    CHECK(fleet.ids({std::nullopt, "", 2, behind("lampshade")}) == "meter:1 .");
    CHECK(fleet.ids({std::nullopt, "lamp-", 9, std::nullopt}) == "lamp-1 lamp-2 lamp-3 .");
    CHECK(fleet.ids({std::nullopt, "lamp-", 3, std::nullopt}) == "lamp-1 lamp-2 lamp-3 .");
    CHECK(fleet.ids({true, "lamp", 9, std::nullopt}) == "lamp-1 lamp-3 lampshade .");
    CHECK(fleet.ids({false, "", 9, std::nullopt}) == "lamp-2 .");
    CHECK(fleet.ids({std::nullopt, "x", 9, std::nullopt}) == ".");
}

TEST_CASE_TEMPLATE("beyond the bound the offline devices seen longest ago are forgotten",
                   Kind,
                   Memory,
                   Sqlite) {
    Fleet<Kind> fleet;
    fleet.store.save_device(connected("online", 1));
    for (std::size_t i = 0; i < kKeep + 20; ++i) {
        fleet.store.save_device(
            gone(connected("d-" + std::to_string(1000 + i), 1), later(std::chrono::seconds(i))));
        static_cast<void>(fleet.find("online"));
    }
    CHECK(fleet.find("online").has_value());
    CHECK_FALSE(fleet.find("d-1000").has_value());
    CHECK(fleet.find("d-" + std::to_string(1000 + kKeep + 19)).has_value());
    CHECK(fleet.list({std::nullopt, "", 500, std::nullopt}).devices.size() <=
          kKeep + kKeep / 64 + 1);
}

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
