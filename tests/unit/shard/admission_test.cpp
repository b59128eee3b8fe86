#include "device-mgmt/shard/admission.hpp"

#include "tests/unit/auth/auth_fixture.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::net::UpgradeRequest;
using dm::test::good_token;
using dm::test::kNow;
namespace auth = dm::auth;
namespace shard = dm::shard;

namespace {

/// The door of a server that takes tokens and knows one page that may come.
struct Door {
    tl::expected<shard::Admitted, shard::Refused> knock() {
        return shard::admit(request, {"https://console.example"}, authenticator, kNow);
    }

    /// The status of the refusal; 101 when admitted.
    int status() {
        const auto admitted = knock();
        return admitted ? 101 : admitted.error().answer.status;
    }

    dm::test::AuthFixture fixture;
    auth::Authenticator authenticator{fixture.load()};
    std::string header = "Bearer " + good_token();
    UpgradeRequest request{"/v1/device", {}, header, {}, {}, "192.0.2.7:1", {}};
};

}  // namespace

TEST_CASE("a device with a good token is admitted as who it is") {
    Door door;
    const auto admitted = door.knock();
    REQUIRE(admitted);
    CHECK(admitted->identity.device.str() == "d-1");
    CHECK(admitted->identity.method == auth::Method::token);
    CHECK(admitted->identity.expires_at);
    CHECK(admitted->format == dm::proto::Format::json);
    CHECK(admitted->subprotocol.empty());
}

TEST_CASE("each thing wrong has its status") {
    Door door;
    SUBCASE("path") {
        door.request.path = "/v1/devices";
        CHECK(door.status() == 404);
    }
    SUBCASE("path with a slash more") {
        door.request.path = "/v1/device/";
        CHECK(door.status() == 404);
    }
    SUBCASE("Origin") {
        door.request.origin = "https://evil.example";
        CHECK(door.status() == 403);
    }
    SUBCASE("Origin that only begins like an allowed one") {
        door.request.origin = "https://console.example.evil.example";
        CHECK(door.status() == 403);
    }
    SUBCASE("an empty Origin") {
        door.request.origin = "";
        CHECK(door.status() == 403);
    }
    SUBCASE("subprotocol") {
        door.request.protocols = {"mqtt", "dm.v2.json"};
        CHECK(door.status() == 400);
    }
    SUBCASE("no identity") {
        door.request.authorization.reset();
        CHECK(door.status() == 401);
    }
    SUBCASE("wrong identity") {
        door.header += "x";
        door.request.authorization = door.header;
        CHECK(door.status() == 401);
    }
    SUBCASE("identities that disagree") {
        door.request.certificate_cn = "d-2";
        CHECK(door.status() == 401);
    }
}

TEST_CASE("of several things wrong the cheapest check answers: 404, 403, 400, 401") {
    Door door;
    door.request.path = "/";
    door.request.origin = "https://evil.example";
    door.request.protocols = {"mqtt"};
    door.request.authorization.reset();
    CHECK(door.status() == 404);
    door.request.path = "/v1/device";
    CHECK(door.status() == 403);
    door.request.origin = "https://console.example";
    CHECK(door.status() == 400);
    door.request.protocols = {"mqtt", "dm.v1.cbor"};
    CHECK(door.status() == 401);
    door.request.authorization = door.header;
    CHECK(door.status() == 101);
}

TEST_CASE("the first subprotocol offered that is known is taken and echoed") {
    Door door;
    SUBCASE("cbor first") {
        door.request.protocols = {"dm.v1.cbor", "dm.v1.json"};
        const auto admitted = door.knock();
        REQUIRE(admitted);
        CHECK(admitted->format == dm::proto::Format::cbor);
        CHECK(admitted->subprotocol == "dm.v1.cbor");
    }
    SUBCASE("an unknown one, then json") {
        door.request.protocols = {"mqtt", "dm.v1.json", "dm.v1.cbor"};
        const auto admitted = door.knock();
        REQUIRE(admitted);
        CHECK(admitted->format == dm::proto::Format::json);
        CHECK(admitted->subprotocol == "dm.v1.json");
    }
}

TEST_CASE("a token in the query is as good as one in the header") {
    Door door;
    door.request.authorization.reset();
    const std::string query = "access_token=" + good_token("d-9");
    door.request.query = query;
    const auto admitted = door.knock();
    REQUIRE(admitted);
    CHECK(admitted->identity.device.str() == "d-9");
}

TEST_CASE("a refused identity is told to the log in detail and to the peer not at all") {
    Door door;
    const std::string forged = "Bearer " + good_token() + "AAAA";
    door.request.authorization = forged;
    const auto refused = door.knock();
    REQUIRE_FALSE(refused);
    CHECK_FALSE(refused.error().detail.empty());
    door.request.authorization.reset();
    const auto missing = door.knock();
    REQUIRE_FALSE(missing);
    CHECK(refused.error().answer.reason == missing.error().answer.reason);
    CHECK(refused.error().detail != missing.error().detail);
}
