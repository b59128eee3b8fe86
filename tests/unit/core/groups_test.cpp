#include "device-mgmt/core/groups.hpp"

#include "tests/support/device_ids.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::core::Groups;
using dm::core::parse_group_rule;
using dm::test::device_id;
namespace proto = dm::proto;

namespace {

proto::Name name(const std::string& text) {
    return proto::Name::parse(text).value();
}

std::string members(const Groups& groups, const std::string& group) {
    std::vector<proto::DeviceId> found = groups.members(name(group));
    std::sort(found.begin(), found.end());
    std::string text;
    for (const proto::DeviceId& device : found) {
        text += device.str() + " ";
    }
    return text;
}

Groups configured() {
    return Groups({{parse_group_rule("lamps=lamp-*").value(),
                    parse_group_rule("hall=lamp-7").value(),
                    parse_group_rule("both=*").value()},
                   {"site"}});
}

}  // namespace

TEST_CASE("a device is in the groups of its token and of the configuration") {
    Groups groups = configured();
    groups.join(device_id("lamp-7"), {name("night"), name("lamps"), name("night")});
    groups.join(device_id("lamp-70"), {});
    groups.join(device_id("meter-1"), {name("night")});
    CHECK(members(groups, "night") == "lamp-7 meter-1 ");
    CHECK(members(groups, "lamps") == "lamp-7 lamp-70 ");
    CHECK(members(groups, "hall") == "lamp-7 ");
    CHECK(members(groups, "both") == "lamp-7 lamp-70 meter-1 ");
    CHECK(groups.of(device_id("lamp-7")).size() == 4);
}

TEST_CASE("labels join only groups of their own name, and only listed labels do") {
    Groups groups = configured();
    groups.join(device_id("d-1"), {});
    groups.describe(device_id("d-1"), R"({"site":"hall-3","group":"night","night":"night"})");
    CHECK(members(groups, "site.hall-3") == "d-1 ");
    CHECK(members(groups, "night").empty());
    CHECK(members(groups, "hall-3").empty());
    groups.describe(device_id("d-1"), R"({"site":"yard"})");
    CHECK(members(groups, "site.hall-3").empty());
    CHECK(members(groups, "site.yard") == "d-1 ");
    groups.describe(device_id("d-1"), R"({"site":"no name/"})");
    CHECK(groups.of(device_id("d-1")) == std::vector{name("both")});
}

TEST_CASE("a device that leaves, or comes again, is in no group of its earlier session") {
    Groups groups = configured();
    groups.join(device_id("d-1"), {name("night")});
    groups.describe(device_id("d-1"), R"({"site":"yard"})");
    groups.join(device_id("d-1"), {name("day")});
    CHECK(members(groups, "night").empty());
    CHECK(members(groups, "site.yard").empty());
    CHECK(members(groups, "day") == "d-1 ");
    groups.leave(device_id("d-1"));
    CHECK(members(groups, "day").empty());
    CHECK(groups.of(device_id("d-1")).empty());
    groups.leave(device_id("d-1"));
    groups.describe(device_id("d-1"), R"({"site":"yard"})");
    CHECK(members(groups, "site.yard").empty());
}

TEST_CASE("a group is known by its members, by the configuration, or because it is everyone") {
    Groups groups = configured();
    CHECK(groups.knows(name("all")));
    CHECK(groups.knows(name("hall")));
    CHECK_FALSE(groups.knows(name("night")));
    groups.join(device_id("d-1"), {name("night"), name("all")});
    CHECK(groups.knows(name("night")));
    CHECK(members(groups, "all").empty());
    groups.leave(device_id("d-1"));
    CHECK_FALSE(groups.knows(name("night")));
}

TEST_CASE("what is wrong with a rule of the configuration is named") {
    const auto problem = [](const std::string& text) { return parse_group_rule(text).error(); };
    CHECK(problem("lamps") == "must be <group>=<device> or <group>=<prefix>*");
    for (const std::string text : {"a/b=x", "=x", "all=x"}) {
        CHECK(problem(text).find("; group: ") != std::string::npos);
    }
    for (const std::string text : {"lamps=", "lamps=a*b", "lamps=a#*"}) {
        CHECK(problem(text).find("; device: ") != std::string::npos);
    }
}
