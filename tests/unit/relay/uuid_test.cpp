#include "device-mgmt/relay/uuid.hpp"

#include <chrono>
#include <set>
#include <string>

#include <doctest/doctest.h>

namespace dm::relay {

TEST_CASE("a UUID has version 7, the variant of RFC 9562 and the time in front") {
    UuidSource source;
    const proto::WallTime time{std::chrono::milliseconds(0x0123456789ab)};
    const std::string id = source.next(time);
    REQUIRE(id.size() == 36);
    CHECK(id.substr(0, 13) == "01234567-89ab");
    CHECK(id[14] == '7');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
}

TEST_CASE("UUIDs of one millisecond differ") {
    UuidSource source;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        seen.insert(source.next(proto::WallTime{}));
    }
    CHECK(seen.size() == 1000);
}

TEST_CASE("the same seed makes the same UUIDs") {
    UuidSource one(7);
    UuidSource other(7);
    CHECK(one.next(proto::WallTime{}) == other.next(proto::WallTime{}));
    CHECK(one.next(proto::WallTime{}) == other.next(proto::WallTime{}));
    CHECK(UuidSource(8).next(proto::WallTime{}) != UuidSource(7).next(proto::WallTime{}));
}

}  // namespace dm::relay
