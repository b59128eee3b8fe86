#include "device-mgmt/relay/publications.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

const Publications kPublications(proto::Topics("dm"), "n1");
const proto::DeviceId kDevice = proto::DeviceId::parse("d-1").value();

core::FinishedCommand finished() {
    return {{kDevice, "c-1"},
            {"turn_on", "{}", std::chrono::seconds(30), std::chrono::seconds(60)},
            proto::CommandState::succeeded,
            true,
            R"({"id":"c-1"})",
            "m-1",
            "00-trace",
            proto::WallTime{}};
}

bool has(const broker::OutboundMessage& message, const char* key, const char* value) {
    const auto& properties = message.user_properties;
    return std::any_of(properties.begin(), properties.end(), [&](const auto& property) {
        return property.first == key && property.second == value;
    });
}

}  // namespace

TEST_CASE("an end goes to the Response Topic, with the reply topic as the way out") {
    const Publication publication =
        kPublications.terminal(finished(), {std::string("r/1"), std::string("corr")});
    CHECK(publication.message.topic == "r/1");
    CHECK(publication.fallback_topic == "dm/replies/d-1");
    CHECK(publication.message.correlation == "corr");
    CHECK(publication.message.payload == R"({"id":"c-1"})");
    CHECK(publication.message.qos == 1);
    CHECK_FALSE(publication.message.retain);
    CHECK(has(publication.message, "message_id", "m-1"));
    CHECK(has(publication.message, "type", "terminal"));
    CHECK(has(publication.message, "traceparent", "00-trace"));
}

TEST_CASE("without a Response Topic an end goes to the reply topic") {
    const Publication publication = kPublications.terminal(finished(), {});
    CHECK(publication.message.topic == "dm/replies/d-1");
    CHECK_FALSE(publication.fallback_topic.has_value());
}

TEST_CASE("a rejection for nobody goes to _invalid, with a null id if there is none") {
    const RefusedInput input{std::nullopt,
                             std::nullopt,
                             proto::Rejection::bad_request,
                             "device: bad",
                             {std::nullopt, "corr"},
                             "m-2"};
    const Publication publication = kPublications.rejection(input, proto::WallTime{});
    CHECK(publication.message.topic == "dm/replies/_invalid");
    CHECK(publication.message.correlation == "corr");
    CHECK(publication.message.payload.find(R"("id":null)") != std::string::npos);
    CHECK(publication.message.payload.find(R"("state":"rejected")") != std::string::npos);
    CHECK(has(publication.message, "type", "rejection"));
}

TEST_CASE("accepted is QoS 1, later states are QoS 0") {
    core::PublishStatus status{{"c-1", kDevice, "accepted", 0, proto::WallTime{}, "n1", {}, {}, 1},
                               true,
                               std::nullopt,
                               std::nullopt};
    CHECK(kPublications.status(status).qos == 1);
    CHECK(kPublications.status(status).topic == "dm/status/d-1");
    status.durable = false;
    CHECK(kPublications.status(status).qos == 0);
    const auto also = kPublications.state_to(status, {std::string("r/1"), std::string("c")});
    CHECK(also.topic == "r/1");
    CHECK(also.correlation == "c");
}

TEST_CASE("presence is retained and carries the epoch") {
    const core::DirectoryEntry entry{{0, 1}, 42, proto::WallTime{}, "127.0.0.1:1", "m", "1.0"};
    const auto online = kPublications.online(kDevice, entry);
    CHECK(online.retain);
    CHECK(online.qos == 1);
    CHECK(online.topic == "dm/presence/d-1");
    CHECK(online.payload.find(R"("epoch":42)") != std::string::npos);
    CHECK(online.payload.find(R"("online":true)") != std::string::npos);
    const auto offline = kPublications.offline(kDevice, entry, "heartbeat", proto::WallTime{});
    CHECK(offline.retain);
    CHECK(offline.payload.find(R"("online":false)") != std::string::npos);
    CHECK(offline.payload.find(R"("reason":"heartbeat")") != std::string::npos);
}

}  // namespace dm::relay
