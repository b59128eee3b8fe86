#pragma once

#include "device-mgmt/store/store.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/posted.hpp"
#include "tests/support/store_samples.hpp"

#include <optional>
#include <string>

#include <doctest/doctest.h>

// What every store does with devices, as test cases for the file that says which one: before it
// includes this it declares the type FleetKind, made with a Posted&, whose `store` points to a
// store that keeps kDevicesKept devices.

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using proto::DeviceDetails;

namespace {

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
                   FleetKind) {
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
                   FleetKind) {
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

TEST_CASE_TEMPLATE("the end of an older session changes nothing", Kind, FleetKind) {
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

TEST_CASE_TEMPLATE("the fleet is listed by id, a page at a time", Kind, FleetKind) {
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
                   FleetKind) {
    Fleet<Kind> fleet;
    fleet.store.save_device(connected("online", 1));
    for (std::size_t i = 0; i < kDevicesKept + 20; ++i) {
        fleet.store.save_device(
            gone(connected("d-" + std::to_string(1000 + i), 1), later(std::chrono::seconds(i))));
        static_cast<void>(fleet.find("online"));
    }
    CHECK(fleet.find("online").has_value());
    CHECK_FALSE(fleet.find("d-1000").has_value());
    CHECK(fleet.find("d-" + std::to_string(1000 + kDevicesKept + 19)).has_value());
    CHECK(fleet.list({std::nullopt, "", 500, std::nullopt}).devices.size() <=
          kDevicesKept + kDevicesKept / 64 + 1);
}
