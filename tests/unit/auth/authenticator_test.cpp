#include "device-mgmt/auth/authenticator.hpp"

#include "tests/unit/auth/auth_fixture.hpp"

#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace dm::auth;
using namespace dm::test;

namespace {

std::string outcome(const tl::expected<Identity, AuthProblem>& checked) {
    return checked ? checked->device.str() : std::string{word(checked.error())};
}

Presented bearer(const std::string& header) {
    return {std::nullopt, std::string_view{header}, {}};
}

}  // namespace

TEST_CASE("a token of each algorithm is accepted") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const std::string rs256 =
        rs256_token(rsa_key(), R"({"alg":"RS256","kid":"rsa"})", good_claims());
    const std::string hs256 =
        hs256_token(secret(), R"({"alg":"HS256","kid":"shared"})", good_claims());
    for (const std::string& token : {good_token(), rs256, hs256}) {
        CAPTURE(token);
        const auto identity = authenticator.check_token(token, kNow);
        CHECK(outcome(identity) == "d-1");
        REQUIRE(identity);
        CHECK(identity->method == Method::token);
        CHECK(identity->expires_at == kNow + std::chrono::seconds{600});
    }
}

TEST_CASE("harmless variations of a token are accepted") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const auto accepted = [&](const std::string& header, const std::string& claims) {
        const std::string token = es256_token(ec_key(), header, claims);
        return outcome(authenticator.check_token(token, kNow)) == "d-1";
    };
    CHECK(accepted(R"({"typ":"at+jwt","alg":"ES256","kid":"ec"})", good_claims()));
    CHECK(accepted(R"({"alg":"ES256","kid":"ec"})", good_claims()));
    CHECK(accepted(R"( { "kid" : "ec" , "alg" : "ES256" } )", good_claims()));
    CHECK(accepted(R"({"alg":"ES256","kid":"ec","cty":"x","extra":{"a":[1]}})", good_claims()));
    // Where a header says keys are found is ignored, not followed: the signature is by our key.
    CHECK(accepted(R"({"alg":"ES256","kid":"ec","jku":"http://127.0.0.1/k"})", good_claims()));
    CHECK(accepted(kEcHeader, good_claims(R"(,"scope":"a b","jti":"1","n":null)")));
    CHECK(accepted(kEcHeader, good_claims(R"(,"groups":["north"])")));
}

TEST_CASE("without kid the sole key is used, and none of several") {
    AuthFixture fixture;
    Authenticator several(fixture.load());
    const std::string token = es256_token(ec_key(), R"({"alg":"ES256"})", good_claims());
    CHECK(outcome(several.check_token(token, kNow)) == "unknown_key");
    const TempFolder sole;
    static_cast<void>(sole.write("ec.pem", ec_key().public_pem()));
    fixture.settings.jwt_keys = sole.path().string();
    Authenticator single(fixture.load());
    CHECK(outcome(single.check_token(token, kNow)) == "d-1");
    CHECK(outcome(single.check_token(
              es256_token(ec_key(), R"({"alg":"ES256","kid":"other"})", good_claims()), kNow)) ==
          "unknown_key");
}

TEST_CASE("audience and issuer are only checked when they are configured") {
    AuthFixture fixture;
    fixture.settings.jwt_audience = "";
    fixture.settings.jwt_issuer = "";
    Authenticator authenticator(fixture.load());
    const std::string token = es256_token(
        ec_key(), kEcHeader, fmt::format(R"({{"sub":"d-1","exp":{}}})", kNowSeconds + 600));
    CHECK(outcome(authenticator.check_token(token, kNow)) == "d-1");
}

TEST_CASE("a token comes by header or by either query parameter") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const std::string token = good_token();
    for (const std::string& scheme :
         {std::string{"Bearer "}, std::string{"bearer "}, std::string{"BEARER  "}}) {
        CAPTURE(scheme);
        CHECK(outcome(authenticator.check(bearer(scheme + token), kNow)) == "d-1");
    }
    for (const std::string& query : {"access_token=" + token,
                                     "x=1&access_token=" + token + "&y",
                                     "auth_header=" + token,
                                     "auth_header=Bearer%20" + token,
                                     "auth_header=bearer+" + token,
                                     "access_token=%65" + token.substr(1)}) {
        CAPTURE(query);
        CHECK(outcome(authenticator.check({std::nullopt, std::nullopt, query}, kNow)) == "d-1");
    }
}

TEST_CASE("what presents nothing usable says why") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    CHECK(outcome(authenticator.check({}, kNow)) == "missing");
    CHECK(outcome(authenticator.check({std::nullopt, std::nullopt, "a=b&token=c"}, kNow)) ==
          "missing");
    const std::string token = good_token();
    for (const std::string& header : {std::string{},
                                      std::string{"Bearer"},
                                      std::string{"Bearer "},
                                      std::string{"Digest x"},
                                      std::string{"Bearer\t"} + token,
                                      "Bearer" + token,
                                      "Bearer " + token + " ",
                                      fmt::format("Bearer {0}, Bearer {0}", token),
                                      token}) {
        CAPTURE(header);
        CHECK(outcome(authenticator.check(bearer(header), kNow)) == "malformed");
    }
    for (const std::string& query : {std::string{"access_token="},
                                     std::string{"access_token"},
                                     "access_token=%6" + token,
                                     "access_token=" + token + "%",
                                     fmt::format("access_token={0}&access_token={0}", token),
                                     "access_token=Bearer%20" + token}) {
        CAPTURE(query);
        CHECK(outcome(authenticator.check({std::nullopt, std::nullopt, query}, kNow)) ==
              "malformed");
    }
}

TEST_CASE("several identities must agree and all be good") {
    AuthFixture fixture;
    fixture.settings.mtls = true;
    Authenticator authenticator(fixture.load());
    const std::string header = "Bearer " + good_token("d-1");
    const std::string same = "access_token=" + good_token("d-1");
    const std::string other = "access_token=" + good_token("d-2");
    CHECK(outcome(authenticator.check({"d-1", header, same}, kNow)) == "d-1");
    CHECK(outcome(authenticator.check({"d-2", header, ""}, kNow)) == "disagreement");
    CHECK(outcome(authenticator.check({std::nullopt, header, other}, kNow)) == "disagreement");
    CHECK(outcome(authenticator.check({"d-1", header, "access_token=junk"}, kNow)) == "malformed");
    CHECK(outcome(authenticator.check({"d/1", header, ""}, kNow)) == "bad_device_id");
}

TEST_CASE("a token beside a certificate bounds the identity") {
    AuthFixture fixture;
    fixture.settings.mtls = true;
    Authenticator authenticator(fixture.load());
    const auto alone = authenticator.check({"d-1", std::nullopt, ""}, kNow);
    REQUIRE(alone);
    CHECK(alone->method == Method::certificate);
    CHECK_FALSE(alone->expires_at);
    const std::string header =
        "Bearer " + es256_token(ec_key(), kEcHeader, good_claims(R"(,"groups":["north"])"));
    const auto both = authenticator.check({"d-1", header, ""}, kNow);
    REQUIRE(both);
    CHECK(both->method == Method::token);
    CHECK(both->expires_at);
    CHECK(both->groups.size() == 1);
}

TEST_CASE("a method that is not configured is refused") {
    AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    CHECK(outcome(authenticator.check({"d-1", std::nullopt, ""}, kNow)) == "method_disabled");
    CHECK(outcome(authenticator.check(bearer("Basic ZC0xOng="), kNow)) == "method_disabled");
    fixture.settings.jwt_keys = "";
    Authenticator without(fixture.load());
    CHECK(outcome(without.check_token(good_token(), kNow)) == "method_disabled");
}

TEST_CASE("a cached token expires all the same") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const std::string token = good_token();
    CHECK(outcome(authenticator.check_token(token, kNow)) == "d-1");
    CHECK(outcome(authenticator.check_token(token, kNow + std::chrono::seconds{659})) == "d-1");
    CHECK(outcome(authenticator.check_token(token, kNow + std::chrono::seconds{660})) == "expired");
}

TEST_CASE("a token is not cached under another signature") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    std::string token = good_token();
    CHECK(outcome(authenticator.check_token(token, kNow)) == "d-1");
    const std::size_t middle = token.size() - 40;
    token[middle] = token[middle] == 'A' ? 'B' : 'A';
    CHECK(outcome(authenticator.check_token(token, kNow)) == "bad_signature");
}

TEST_CASE("new keys forget the tokens of the old ones") {
    AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const std::string token = good_token();
    CHECK(outcome(authenticator.check_token(token, kNow)) == "d-1");
    static_cast<void>(fixture.folder.write("ec.pem", SigningKey::ec().public_pem()));
    authenticator.replace_keys(fixture.load());
    CHECK(outcome(authenticator.check_token(token, kNow)) == "bad_signature");
}
