#include "device-mgmt/relay/claims.hpp"

#include "tests/support/device_ids.hpp"

#include <chrono>
#include <cstddef>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using namespace std::chrono_literals;
using test::device_id;

constexpr core::Instant kNow{100h};

Claim claim(std::uint64_t session, core::Instant admitted = kNow) {
    return {{0, session}, {"127.0.0.1:9", {}, admitted}, kNow};
}

core::Report report(std::uint64_t session, core::ReportBody body) {
    return {{0, session}, device_id("d-1"), std::move(body)};
}

}  // namespace

TEST_CASE("a claim holds what its session reports, in order, and nothing of others") {
    Claims claims;
    claims.begin(device_id("d-1"), claim(1));
    core::Report hello = report(1, core::ForwardedFrame{proto::Hello{}});
    core::Report end = report(1, core::SessionClosed{proto::CloseCode::normal, ""});
    core::Report other = report(2, core::SessionWritable{});
    CHECK(claims.hold(other) == Claims::Held::no);
    CHECK(claims.hold(hello) == Claims::Held::yes);
    CHECK(claims.hold(end) == Claims::Held::yes);
    CHECK_FALSE(claims.take(device_id("d-1"), {0, 2}));
    const auto taken = claims.take(device_id("d-1"), {0, 1});
    REQUIRE(taken);
    REQUIRE(taken->held.size() == 2);
    CHECK(std::holds_alternative<core::ForwardedFrame>(taken->held[0].body));
    CHECK(std::holds_alternative<core::SessionClosed>(taken->held[1].body));
    CHECK(claims.empty());
}

TEST_CASE("beyond its bound a claim drops reports, but never the end of its session") {
    Claims claims;
    claims.begin(device_id("d-1"), claim(1));
    for (std::size_t i = 0; i < Claims::kMaxHeld; ++i) {
        core::Report one = report(1, core::SessionWritable{});
        CHECK(claims.hold(one) == Claims::Held::yes);
    }
    core::Report more = report(1, core::SessionWritable{});
    CHECK(claims.hold(more) == Claims::Held::dropped);
    core::Report end = report(1, core::SessionClosed{proto::CloseCode::normal, ""});
    CHECK(claims.hold(end) == Claims::Held::yes);
}

TEST_CASE("of several claims of a device the latest admission counts") {
    Claims claims;
    CHECK_FALSE(claims.admitted(device_id("d-1")));
    claims.begin(device_id("d-1"), claim(1, kNow + 2s));
    claims.begin(device_id("d-1"), claim(2, kNow + 1s));
    CHECK(claims.admitted(device_id("d-1")) == kNow + 2s);
}

TEST_CASE("a claim that waits for too long is named once") {
    Claims claims;
    claims.begin(device_id("d-1"), claim(1));
    CHECK(claims.overdue(kNow + Claims::kPatience - 1ms).empty());
    CHECK(claims.overdue(kNow + Claims::kPatience).size() == 1);
    CHECK(claims.overdue(kNow + Claims::kPatience).empty());
    CHECK(claims.take(device_id("d-1"), {0, 1}));
}

}  // namespace dm::relay
