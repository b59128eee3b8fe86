#include "control/fleet/fleet.hpp"

#include <doctest/doctest.h>

using dm::control::Fleet;

namespace {

std::string presence(bool online, int epoch) {
    return std::string(R"({"device":"a","online":)") + (online ? "true" : "false") +
           R"(,"epoch":)" + std::to_string(epoch) + R"(,"node":"n-1"})";
}

const auto kDevice = *dm::proto::DeviceId::parse("a");

}  // namespace

TEST_CASE("a presence counts once and a lower epoch not at all") {
    Fleet fleet;
    CHECK(fleet.take_presence("a", presence(true, 5)));
    CHECK_FALSE(fleet.take_presence("a", presence(true, 5)));
    CHECK_FALSE(fleet.take_presence("a", presence(false, 4)));
    REQUIRE(fleet.find(kDevice) != nullptr);
    CHECK(fleet.find(kDevice)->online);
    CHECK(fleet.find(kDevice)->node == "n-1");
    CHECK(fleet.online() == 1);
    CHECK(fleet.take_presence("a", presence(false, 5)));
    CHECK(fleet.online() == 0);
    CHECK(fleet.devices() == 1);
}

TEST_CASE("a presence of the same session that says more is news, once") {
    Fleet fleet;
    fleet.take_presence("a", presence(true, 5));
    const std::string more = R"({"online":true,"epoch":5,"node":"n-1","model":"L1"})";
    CHECK(fleet.take_presence("a", more));
    CHECK_FALSE(fleet.take_presence("a", more));
    CHECK(fleet.online() == 1);
}

TEST_CASE("an empty presence forgets the device") {
    Fleet fleet;
    fleet.take_presence("a", presence(true, 5));
    CHECK_FALSE(fleet.take_presence("a", ""));
    CHECK(fleet.devices() == 0);
    CHECK(fleet.online() == 0);
}

TEST_CASE("nonsense on the topics changes nothing") {
    Fleet fleet;
    CHECK_FALSE(fleet.take_presence("a", "nonsense"));
    CHECK_FALSE(fleet.take_presence("a", R"({"online":true})"));
    CHECK_FALSE(fleet.take_presence("/", presence(true, 1)));
    CHECK_FALSE(fleet.take_node("n", "nonsense"));
    CHECK(fleet.devices() == 0);
    CHECK(fleet.nodes_up() == 0);
}

TEST_CASE("nodes that are up are counted") {
    Fleet fleet;
    CHECK(fleet.take_node("n-1", R"({"node":"n-1","state":"up"})"));
    CHECK_FALSE(fleet.take_node("n-1", R"({"node":"n-1","state":"up"})"));
    CHECK(fleet.take_node("n-2", R"({"node":"n-2","state":"draining"})"));
    CHECK(fleet.nodes_up() == 1);
    CHECK(fleet.take_node("n-1", ""));
    CHECK(fleet.nodes_up() == 0);
}
