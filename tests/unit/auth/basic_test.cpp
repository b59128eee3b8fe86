#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/auth/credentials.hpp"
#include "tests/unit/auth/auth_fixture.hpp"

#include <string>

#include <doctest/doctest.h>
#include <openssl/evp.h>

using namespace dm::auth;
using namespace dm::test;

namespace {

std::string basic(const std::string& login) {
    std::string encoded(login.size() * 4 / 3 + 8, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(login.data()),
                                     static_cast<int>(login.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return "Basic " + encoded;
}

struct BasicFixture {
    TempFolder folder;
    AuthSettings settings;
    std::string secret;

    BasicFixture() {
        settings.credentials = (folder.path() / "credentials").string();
        const auto added = add_credential(settings.credentials, *dm::proto::DeviceId::parse("d-1"));
        REQUIRE(added);
        secret = *added;
    }

    [[nodiscard]] std::string login(const std::string& header) const {
        const auto keys = KeyRing::load(settings);
        REQUIRE(keys);
        Authenticator authenticator(*keys);
        const auto identity =
            authenticator.check({std::nullopt, std::string_view{header}, ""}, kNow);
        if (!identity) {
            return std::string{word(identity.error())};
        }
        CHECK(identity->method == Method::basic);
        CHECK_FALSE(identity->expires_at);
        return identity->device.str();
    }
};

}  // namespace

TEST_CASE("a device logs in with its secret") {
    const BasicFixture fixture;
    CHECK(fixture.login(basic("d-1:" + fixture.secret)) == "d-1");
    CHECK(fixture.login("bAsIc " + basic("d-1:" + fixture.secret).substr(6)) == "d-1");
}

TEST_CASE("a wrong login is refused") {
    const BasicFixture fixture;
    CHECK(fixture.login(basic("d-1:" + fixture.secret + "x")) == "bad_credentials");
    CHECK(fixture.login(basic("d-1:")) == "bad_credentials");
    CHECK(fixture.login(basic("d-2:" + fixture.secret)) == "bad_credentials");
    CHECK(fixture.login(basic(":" + fixture.secret)) == "bad_credentials");
    CHECK(fixture.login(basic("d-2:")) == "bad_credentials");
    CHECK(fixture.login(basic("d/1:x")) == "bad_credentials");
    // The first colon separates: ids with one cannot use Basic.
    CHECK(fixture.login(basic("d-1:x:" + fixture.secret)) == "bad_credentials");
    CHECK(fixture.login(basic("d-1")) == "malformed");
    CHECK(fixture.login("Basic") == "malformed");
    CHECK(fixture.login("Basic ") == "malformed");
    CHECK(fixture.login("Basic !!!!") == "malformed");
    CHECK(fixture.login(basic("d-1:" + fixture.secret) + "=") == "malformed");
}
