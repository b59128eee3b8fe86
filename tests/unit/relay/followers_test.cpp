#include "device-mgmt/relay/followers.hpp"

#include "tests/support/device_ids.hpp"

#include <chrono>
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using namespace std::chrono_literals;
using test::device_id;

constexpr core::Instant kNow{100h};

core::Submission submission(const std::string& id, const std::string& after) {
    core::Submission one{device_id("d-1"), {}, {}, {}, {}};
    one.request.id = id;
    one.request.after = after;
    return one;
}

}  // namespace

TEST_CASE("followers are taken with the command that they wait for") {
    Followers followers;
    for (const std::string id : {"b", "c"}) {
        core::Submission one = submission(id, "a");
        CHECK(followers.wait(one, kNow));
    }
    core::Submission other = submission("z", "y");
    CHECK(followers.wait(other, kNow));
    CHECK(followers.take({device_id("d-2"), "a"}).empty());
    CHECK(followers.take({device_id("d-1"), "a"}).size() == 2);
    CHECK(followers.take({device_id("d-1"), "a"}).empty());
}

TEST_CASE("a follower waits for so long and no longer") {
    Followers followers;
    core::Submission one = submission("b", "a");
    CHECK(followers.wait(one, kNow));
    CHECK(followers.take_overdue(kNow + Followers::kPatience - 1ms).empty());
    CHECK(followers.take_overdue(kNow + Followers::kPatience).size() == 1);
    CHECK(followers.take({device_id("d-1"), "a"}).empty());
}

TEST_CASE("beyond the bound a follower stays with who brings it") {
    Followers followers;
    for (std::size_t i = 0; i < Followers::kMax; ++i) {
        core::Submission one = submission(std::to_string(i), "a");
        CHECK(followers.wait(one, kNow));
    }
    core::Submission more = submission("more", "a");
    CHECK_FALSE(followers.wait(more, kNow));
    CHECK(more.request.id == "more");
}

}  // namespace dm::relay
