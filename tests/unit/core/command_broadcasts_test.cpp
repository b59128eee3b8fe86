#include "device-mgmt/core/command_broadcasts.hpp"

#include "tests/support/device_ids.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::core::CommandBroadcast;
using dm::core::CommandBroadcasts;
using dm::core::CommandKey;
using dm::core::Submission;
using dm::test::device_id;
namespace core = dm::core;
namespace proto = dm::proto;

namespace {

CommandBroadcast broadcast(const std::string& id, std::size_t devices) {
    CommandBroadcast made{
        id, proto::Name::parse("night").value(), {}, {"answers/x", "c"}, {}, {}, {}};
    made.request.command = "dim";
    made.request.id = id;
    for (std::size_t i = 0; i < devices; ++i) {
        made.devices.push_back(device_id("d-" + std::to_string(i)));
    }
    return made;
}

CommandKey key_of(const Submission& submission) {
    return {submission.device, *submission.request.id};
}

}  // namespace

TEST_CASE("each device of a broadcast gets a command of its own, a slice at a time") {
    CommandBroadcasts broadcasts;
    REQUIRE(broadcasts.begin(broadcast("night", CommandBroadcasts::kSlice + 1)));
    const auto first = broadcasts.take_slice();
    REQUIRE(first.size() == CommandBroadcasts::kSlice);
    CHECK(first[0].request.id == "night.d-0");
    CHECK(first[0].device.str() == "d-0");
    CHECK(first[0].request.command == "dim");
    CHECK(first[0].reply_to.topic == "answers/x");
    CHECK(broadcasts.has_slice());
    CHECK(broadcasts.take_slice().size() == 1);
    CHECK_FALSE(broadcasts.has_slice());
    CHECK(broadcasts.take_slice().empty());
}

TEST_CASE("a broadcast is finished when all of its commands are stored or rejected") {
    CommandBroadcasts broadcasts;
    REQUIRE(broadcasts.begin(broadcast("night", 3)));
    const auto slice = broadcasts.take_slice();
    broadcasts.stored(key_of(slice[0]));
    broadcasts.stored(key_of(slice[0]));
    broadcasts.rejected(key_of(slice[2]));
    broadcasts.stored({device_id("d-9"), "other"});
    CHECK(broadcasts.take_finished().empty());
    broadcasts.stored(key_of(slice[1]));
    const auto finished = broadcasts.take_finished();
    REQUIRE(finished.size() == 1);
    CHECK(finished[0].id == "night");
    CHECK(finished[0].addressed == 3);
    CHECK(finished[0].rejected == 1);
    CHECK(finished[0].reply_to.correlation == "c");
    CHECK(broadcasts.take_finished().empty());
    CHECK(broadcasts.size() == 0);
}

TEST_CASE("a broadcast to nobody is finished at once") {
    CommandBroadcasts broadcasts;
    REQUIRE(broadcasts.begin(broadcast("night", 0)));
    CHECK(broadcasts.take_finished().size() == 1);
    CHECK(broadcasts.size() == 0);
}

TEST_CASE("a broadcast that comes again while it is under way is finished like the first") {
    CommandBroadcasts broadcasts;
    REQUIRE(broadcasts.begin(broadcast("night", 1)));
    REQUIRE(broadcasts.begin(broadcast("night", 1)));
    const auto first = broadcasts.take_slice();
    const auto second = broadcasts.take_slice();
    REQUIRE(first.size() == 1);
    REQUIRE(second.size() == 1);
    broadcasts.stored(key_of(first[0]));
    CHECK(broadcasts.take_finished().size() == 2);
}

TEST_CASE("broadcasts take turns, and what is open is bounded") {
    CommandBroadcasts broadcasts;
    REQUIRE(broadcasts.begin(broadcast("a", 10'000)));
    REQUIRE(broadcasts.begin(broadcast("b", 10'000)));
    std::vector<Submission> open;
    std::string order;
    while (broadcasts.has_slice()) {
        const auto slice = broadcasts.take_slice();
        order += slice.front().request.id->substr(0, 1);
        open.insert(open.end(), slice.begin(), slice.end());
    }
    CHECK(order == "ababababab");
    CHECK(open.size() == CommandBroadcasts::kMaxOpen);
    broadcasts.stored(key_of(open.front()));
    CHECK(broadcasts.has_slice());
    CHECK(broadcasts.take_slice().size() == 1);
}

TEST_CASE("broadcasts under way are bounded") {
    CommandBroadcasts broadcasts;
    for (std::size_t i = 0; i < core::kMaxCommandBroadcasts; ++i) {
        CHECK(broadcasts.begin(broadcast(std::to_string(i), 1)));
    }
    CHECK_FALSE(broadcasts.begin(broadcast("more", 1)));
    broadcasts.stored(key_of(broadcasts.take_slice().at(0)));
    CHECK(broadcasts.begin(broadcast("more", 1)));
}
