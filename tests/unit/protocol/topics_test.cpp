#include "protocol/topics.hpp"

#include "tests/unit/protocol/bytes.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::repeat;
using namespace std::string_view_literals;

namespace {

const DeviceId& device() {
    static const DeviceId id = *DeviceId::parse("lamp-7");
    return id;
}

const Name& name() {
    static const Name hall = *Name::parse("hall");
    return hall;
}

}  // namespace

TEST_CASE("topics are built under the prefix") {
    const Topics topics("dm");
    CHECK(topics.prefix() == "dm");
    CHECK(topics.replies(device()) == "dm/replies/lamp-7");
    CHECK(topics.replies_invalid() == "dm/replies/_invalid");
    CHECK(topics.status(device()) == "dm/status/lamp-7");
    CHECK(topics.presence(device()) == "dm/presence/lamp-7");
    CHECK(topics.telemetry(device(), name()) == "dm/telemetry/lamp-7/hall");
    CHECK(topics.alerts(device()) == "dm/alerts/lamp-7");
    CHECK(topics.node(name()) == "dm/nodes/hall");
    CHECK(topics.command(device()) == "dm/commands/lamp-7");
    CHECK(topics.cancel(device()) == "dm/cancel/lamp-7");
    CHECK(topics.broadcast(name()) == "dm/broadcast/hall");
}

TEST_CASE("filters are built under the prefix, and shared where one node shall take a message") {
    const Topics topics("acme/site1");
    CHECK(topics.commands_share() == "$share/device-mgmt/acme/site1/commands/+");
    CHECK(topics.cancels_share() == "$share/device-mgmt/acme/site1/cancel/+");
    CHECK(topics.queries_share() == "$share/device-mgmt/acme/site1/queries");
    CHECK(topics.broadcasts_filter() == "acme/site1/broadcast/+");
    CHECK(topics.streams_filter() == "acme/site1/streams/#");
    CHECK(topics.replies_filter() == "acme/site1/replies/+");
    CHECK(topics.status_filter() == "acme/site1/status/+");
}

TEST_CASE("an operator's topic is told apart by its levels") {
    const Topics topics("acme/site1");
    const auto check = [&](std::string_view topic,
                           InputKind kind,
                           std::string_view target,
                           std::string_view user) {
        CAPTURE(std::string(topic));
        const auto input = topics.parse_input(topic);
        REQUIRE(input);
        CHECK(input->kind == kind);
        CHECK(input->target == target);
        CHECK(input->user == user);
    };
    check("acme/site1/commands/lamp-7", InputKind::command, "lamp-7", "");
    check("acme/site1/cancel/lamp-7", InputKind::cancel, "lamp-7", "");
    check("acme/site1/broadcast/all", InputKind::broadcast, "all", "");
    check("acme/site1/streams/public/news", InputKind::public_stream, "news", "");
    check("acme/site1/streams/private/joe/news", InputKind::private_stream, "news", "joe");
    check("acme/site1/queries", InputKind::query, "", "");
    check("acme/site1/internal/node-1/kick", InputKind::kick, "node-1", "");
    CHECK(topics.kick("node-1") == "acme/site1/internal/node-1/kick");
    check("acme/site1/internal/node-1/taken", InputKind::taken, "node-1", "");
    check("acme/site1/internal/node-1/released", InputKind::released, "node-1", "");
}

TEST_CASE("what nodes hand over to each other is known as such") {
    const Topics topics("dm");
    const DeviceId device = DeviceId::parse("d-1").value();
    for (const InputKind kind : {InputKind::command, InputKind::cancel}) {
        const std::string topic = topics.hand_over(kind, "node-1", device);
        const auto input = topics.parse_input(topic);
        REQUIRE(input);
        CHECK(input->kind == kind);
        CHECK(input->target == "d-1");
        CHECK(input->handed_over);
        const auto filters = topics.from_nodes_filters("node-1");
        CHECK(std::count_if(filters.begin(), filters.end(), [&](const std::string& filter) {
                  return filter_matches(filter, topic);
              }) == 1);
    }
    CHECK_FALSE(topics.parse_input(topics.command(device))->handed_over);
    CHECK(filter_matches(topics.from_nodes_filters("node-1")[2], topics.taken("node-1")));
    CHECK(filter_matches(topics.from_nodes_filters("node-1")[3], topics.released("node-1")));
}

TEST_CASE("a target comes back unchecked, so that its sender can be told") {
    const Topics topics("dm");
    CHECK(topics.parse_input("dm/commands/")->target.empty());
    CHECK(topics.parse_input("dm/commands/_x y")->target == "_x y");
}

TEST_CASE("other topics are no input") {
    const Topics topics("dm");
    for (const auto topic : {""sv,
                             "dm"sv,
                             "dm/"sv,
                             "dm/commands"sv,
                             "dm/commands/a/b"sv,
                             "dm/cancel/a/"sv,
                             "dm/broadcast/a/b"sv,
                             "dm/streams/public"sv,
                             "dm/streams/public/a/b"sv,
                             "dm/streams/private/joe"sv,
                             "dm/streams/private/joe/a/b"sv,
                             "dm/streams/other/a"sv,
                             "dm/queries/x"sv,
                             "dm/internal/kick"sv,
                             "dm/internal/node-1/other"sv,
                             "dm/internal/node-1/kick/x"sv,
                             "dm/internal/node-1/commands"sv,
                             "dm/internal/node-1/commands/a/b"sv,
                             "dm/internal/node-1/taken/x"sv,
                             "dm/replies/a"sv,
                             "dmx/commands/a"sv,
                             "xdm/commands/a"sv,
                             "DM/commands/a"sv,
                             "/dm/commands/a"sv}) {
        CAPTURE(std::string(topic));
        CHECK_FALSE(topics.parse_input(topic));
    }
}

TEST_CASE("a Response Topic may be any topic of the operator's") {
    const Topics topics("dm");
    for (const auto topic : {"a"sv,
                             "/"sv,
                             "ops/replies/7"sv,
                             "dm"sv,
                             "dmx/replies/a"sv,
                             "dm/responses/x"sv,
                             "dm/responses/x/y"sv,
                             "a/$SYS"sv,
                             "r\xC3\xA9ponses"sv}) {
        CAPTURE(std::string(topic));
        CHECK(topics.check_response_topic(topic, ""));
    }
    CHECK(topics.check_response_topic(repeat("a", 256), ""));
}

TEST_CASE("a Response Topic never endangers the broker connection") {
    const Topics topics("dm");
    for (const auto topic : {""sv,
                             "a/#"sv,
                             "a/+"sv,
                             "+"sv,
                             "a+b"sv,
                             "a\0b"sv,
                             "$SYS/x"sv,
                             "$share/g/a"sv,
                             "a\xFF"sv,
                             "a\xC0\x80"sv,
                             "a\nb"sv,
                             "a\x7F"sv,
                             "a\xC2\x85"sv,
                             "a\xEF\xBF\xBE"sv,
                             "a\xEF\xB7\x90"sv,
                             "a\xF0\x9F\xBF\xBF"sv}) {
        CAPTURE(test::to_hex(topic));
        const auto checked = topics.check_response_topic(topic, "");
        REQUIRE_FALSE(checked);
        CHECK_FALSE(checked.error().message.empty());
    }
    CHECK_FALSE(topics.check_response_topic(repeat("a", 257), ""));
    CHECK(topics.check_response_topic(repeat("/", 127), ""));
    CHECK_FALSE(topics.check_response_topic(repeat("/", 128), ""));
}

TEST_CASE("a Response Topic is none of the service's own topics") {
    const Topics topics("acme/site1");
    for (const auto topic : {"acme/site1/"sv,
                             "acme/site1/commands/a"sv,
                             "acme/site1/replies/a"sv,
                             "acme/site1/internal/x"sv,
                             "acme/site1/responses"sv,
                             "acme/site1/responses/"sv,
                             "acme/site1/responsesx/a"sv}) {
        CAPTURE(std::string(topic));
        CHECK_FALSE(topics.check_response_topic(topic, ""));
    }
    CHECK(topics.check_response_topic("acme/site1/responses/a", ""));
    CHECK(topics.check_response_topic("acme/site10/commands/a", ""));
    CHECK(topics.check_response_topic("acme", ""));
}

TEST_CASE("a Response Topic matches the configured filter") {
    const Topics topics("dm");
    CHECK(topics.check_response_topic("ops/joe/replies", "ops/+/replies"));
    CHECK_FALSE(topics.check_response_topic("ops/replies", "ops/+/replies"));
    CHECK_FALSE(topics.check_response_topic("dm/commands/a", "#"));
}
