#include "device-mgmt/auth/token_cache.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::auth;

namespace {

Claims claims_of(const std::string& device) {
    return {Identity{*dm::proto::DeviceId::parse(device), Method::token, std::nullopt, {}}, {}};
}

}  // namespace

TEST_CASE("a cached token is found until it is removed") {
    TokenCache cache(10);
    const Sha256 hash = sha256("a");
    CHECK(cache.find(hash) == nullptr);
    cache.add(hash, claims_of("d-1"));
    REQUIRE(cache.find(hash) != nullptr);
    CHECK(cache.find(hash)->identity.device.str() == "d-1");
    CHECK(cache.find(sha256("b")) == nullptr);
    cache.remove(hash);
    CHECK(cache.find(hash) == nullptr);
}

TEST_CASE("a full cache starts over and never grows beyond its capacity") {
    TokenCache cache(3);
    for (int i = 0; i < 10; ++i) {
        cache.add(sha256(std::to_string(i)), claims_of("d"));
        CHECK(cache.size() <= 3);
    }
    CHECK(cache.find(sha256("9")) != nullptr);
    CHECK(cache.find(sha256("0")) == nullptr);
}
