#include "device-mgmt/relay/live_nodes.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::relay::LiveNodes;

namespace {

dm::broker::InboundMessage message(const std::string& topic, const std::string& payload) {
    dm::broker::InboundMessage made;
    made.topic = topic;
    made.payload = payload;
    return made;
}

}  // namespace

TEST_CASE("other nodes count while they say they are up") {
    LiveNodes nodes(dm::proto::Topics("plant/dm"), "n1");
    CHECK(nodes.take(message("plant/dm/nodes/n1", R"({"node":"n1","state":"up"})")));
    CHECK(nodes.others() == 0);
    CHECK(nodes.take(message("plant/dm/nodes/n2", R"({"node":"n2","state":"up"})")));
    CHECK(nodes.take(message("plant/dm/nodes/n2", R"({"node":"n2","state":"up"})")));
    CHECK(nodes.take(message("plant/dm/nodes/n3", R"({"node":"n3","state":"up"})")));
    CHECK(nodes.others() == 2);
    for (const char* gone : {R"({"node":"n2","state":"draining"})", "", "nonsense", "{}"}) {
        CHECK(nodes.take(message("plant/dm/nodes/n3", R"({"node":"n3","state":"up"})")));
        CHECK(nodes.take(message("plant/dm/nodes/n3", gone)));
        CHECK(nodes.others() == 1);
    }
}

TEST_CASE("what nodes say is told from everything else") {
    LiveNodes nodes(dm::proto::Topics("dm"), "n1");
    CHECK_FALSE(nodes.take(message("dm/commands/d-1", "{}")));
    CHECK_FALSE(nodes.take(message("other/nodes/n2", R"({"state":"up"})")));
    CHECK(nodes.others() == 0);
}
