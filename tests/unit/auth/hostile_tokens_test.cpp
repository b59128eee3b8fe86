#include "device-mgmt/auth/authenticator.hpp"
#include "tests/unit/auth/auth_fixture.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::auth;
using namespace dm::test;

namespace {

struct Hostile {
    std::string what;
    std::string token;
    std::string problem;
};

using HostileTokens = std::vector<Hostile>;

std::string es256(const std::string& header, const std::string& claims = good_claims()) {
    return es256_token(ec_key(), header, claims);
}

std::string with_claims(const std::string& claims) {
    return es256(kEcHeader, claims);
}

/// Claims without audience and issuer.
std::string bare(const std::string& members) {
    return R"({"aud":"device-mgmt","iss":"https://issuer.example",)" + members + "}";
}

const std::string kExp = R"("exp":1800000600)";

void add_algorithms(HostileTokens& tokens) {
    const std::string unsigned_none = signed_text(R"({"alg":"none"})", good_claims()) + ".";
    const std::string claims = good_claims();
    tokens.push_back({"none, no signature", unsigned_none, "bad_algorithm"});
    for (const char* alg : {"None",
                            "NONE",
                            "nOnE",
                            "",
                            "es256",
                            "ES384",
                            "RS512",
                            "PS256",
                            "EdDSA",
                            "HS384",
                            "ES256K",
                            "ES256 ",
                            "HS256\\u0000"}) {
        const std::string header = fmt::format(R"({{"alg":"{}","kid":"ec"}})", alg);
        tokens.push_back({"an algorithm that is not ours", es256(header), "bad_algorithm"});
    }
    tokens.push_back({"none with kid, no signature",
                      signed_text(R"({"alg":"none","kid":"ec"})", claims) + ".",
                      "bad_algorithm"});
    tokens.push_back({"no alg", es256(R"({"kid":"ec"})"), "bad_algorithm"});
    tokens.push_back({"alg is a number", es256(R"({"alg":256,"kid":"ec"})"), "bad_algorithm"});
    tokens.push_back({"alg is a list", es256(R"({"alg":["ES256"],"kid":"ec"})"), "bad_algorithm"});
    tokens.push_back({"HS256 with the EC public PEM as secret",
                      hs256_token(ec_key().public_pem(), R"({"alg":"HS256","kid":"ec"})", claims),
                      "bad_algorithm"});
    tokens.push_back({"HS256 with the RSA public PEM as secret",
                      hs256_token(rsa_key().public_pem(), R"({"alg":"HS256","kid":"rsa"})", claims),
                      "bad_algorithm"});
    tokens.push_back({"HS256 with an empty secret, kid of a public key",
                      hs256_token("", R"({"alg":"HS256","kid":"rsa"})", claims),
                      "bad_algorithm"});
    tokens.push_back({"HS256 with an empty secret",
                      hs256_token("", R"({"alg":"HS256","kid":"shared"})", claims),
                      "bad_signature"});
    tokens.push_back({"HS256 by the right secret for a public key's kid",
                      hs256_token(secret(), R"({"alg":"HS256","kid":"ec"})", claims),
                      "bad_algorithm"});
    tokens.push_back({"RS256 for an EC key",
                      rs256_token(rsa_key(), R"({"alg":"RS256","kid":"ec"})", claims),
                      "bad_algorithm"});
    tokens.push_back(
        {"ES256 for a secret", es256(R"({"alg":"ES256","kid":"shared"})"), "bad_algorithm"});
}

void add_kids(HostileTokens& tokens) {
    for (const char* kid : {"../../../../dev/null",
                            "/etc/passwd",
                            "ec.pem/../ec",
                            "./ec",
                            "http://attacker.example/key.pem",
                            "https://127.0.0.1/k",
                            "file:///dev/null",
                            "ec' OR '1'='1",
                            "ec\\u0000",
                            "ec\\n",
                            "",
                            "| cat /etc/passwd",
                            "ec.pem",
                            "EC",
                            "other",
                            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        const std::string header = fmt::format(R"({{"alg":"ES256","kid":"{}"}})", kid);
        tokens.push_back({"a kid that is no key of ours", es256(header), "unknown_key"});
    }
    tokens.push_back({"no kid of several", es256(R"({"alg":"ES256"})"), "unknown_key"});
    tokens.push_back({"kid is null", es256(R"({"alg":"ES256","kid":null})"), "unknown_key"});
    tokens.push_back({"kid is a number", es256(R"({"alg":"ES256","kid":1})"), "unknown_key"});
    tokens.push_back({"kid is a list", es256(R"({"alg":"ES256","kid":["ec"]})"), "unknown_key"});
}

void add_headers(HostileTokens& tokens) {
    tokens.push_back({"crit", es256(R"({"alg":"ES256","kid":"ec","crit":["exp"]})"), "malformed"});
    tokens.push_back({"crit of b64",
                      es256(R"({"alg":"ES256","kid":"ec","crit":["b64"],"b64":false})"),
                      "malformed"});
    tokens.push_back(
        {"alg twice", es256(R"({"alg":"none","alg":"ES256","kid":"ec"})"), "malformed"});
    tokens.push_back(
        {"kid twice", es256(R"({"alg":"ES256","kid":"other","kid":"ec"})"), "malformed"});
    tokens.push_back({"header is a list", es256(R"(["ES256"])"), "malformed"});
    tokens.push_back({"header is no JSON", es256(R"({alg:"ES256"})"), "malformed"});
    tokens.push_back({"header has a tail", es256(std::string{kEcHeader} + "x"), "malformed"});
    tokens.push_back({"header is empty", es256(""), "malformed"});
    tokens.push_back({"header is no UTF-8",
                      es256("{\"alg\":\"ES256\",\"kid\":\"ec\",\"x\":\"\xFF\"}"),
                      "malformed"});
    tokens.push_back({"header is nested too deeply",
                      es256(R"({"alg":"ES256","kid":"ec","x":)" + std::string(1000, '[') +
                            std::string(1000, ']') + "}"),
                      "malformed"});
    const SigningKey attacker = SigningKey::ec();
    for (const char* where : {R"("jku":"http://127.0.0.1:1/keys")",
                              R"("x5u":"http://127.0.0.1:1/cert")",
                              R"("jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"})",
                              R"("x5c":["AA"])"}) {
        const std::string header = fmt::format(R"({{"alg":"ES256","kid":"ec",{}}})", where);
        tokens.push_back({"a key of the attacker's choice",
                          es256_token(attacker, header, good_claims()),
                          "bad_signature"});
    }
}

void add_signatures(HostileTokens& tokens) {
    const std::string token = good_token();
    const std::string text = token.substr(0, token.rfind('.'));
    const std::string other = good_token("d-2");
    const std::string signature = other.substr(other.rfind('.'));
    tokens.push_back({"no signature", text + ".", "bad_signature"});
    tokens.push_back({"another token's signature", text + signature, "bad_signature"});
    tokens.push_back({"all zero", text + "." + base64url(std::string(64, '\0')), "bad_signature"});
    tokens.push_back(
        {"all ones", text + "." + base64url(std::string(64, '\xFF')), "bad_signature"});
    tokens.push_back({"DER", text + "." + base64url(ec_key().sign(text)), "bad_signature"});
    const std::string raw = ec_key().sign_es256(text);
    tokens.push_back({"one byte short", text + "." + base64url(raw.substr(1)), "bad_signature"});
    tokens.push_back({"one byte more", text + "." + base64url(raw + '\0'), "bad_signature"});
    tokens.push_back({"r and s exchanged",
                      text + "." + base64url(raw.substr(32) + raw.substr(0, 32)),
                      "bad_signature"});
    tokens.push_back({"an unknown key's signature",
                      es256_token(SigningKey::ec(), kEcHeader, good_claims()),
                      "bad_signature"});
    const std::string rs256 = signed_text(R"({"alg":"RS256","kid":"rsa"})", good_claims());
    const std::string cut = rsa_key().sign(rs256).substr(1);
    tokens.push_back({"RS256 cut", rs256 + "." + base64url(cut), "bad_signature"});
    const std::string hs256 =
        hs256_token("x" + secret(), R"({"alg":"HS256","kid":"shared"})", good_claims());
    tokens.push_back({"HS256 by another secret", hs256, "bad_signature"});
    tokens.push_back({"HS256 truncated MAC",
                      signed_text(R"({"alg":"HS256","kid":"shared"})", good_claims()) + ".AAAA",
                      "bad_signature"});
    tokens.push_back({"claims exchanged",
                      token.substr(0, token.find('.')) + "." + base64url(good_claims("", "d-2")) +
                          token.substr(token.rfind('.')),
                      "bad_signature"});
}

void add_shapes(HostileTokens& tokens) {
    const std::string token = good_token();
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');
    tokens.push_back({"empty", "", "malformed"});
    tokens.push_back({"dots only", "..", "malformed"});
    tokens.push_back({"one part", token.substr(0, first), "malformed"});
    tokens.push_back({"two parts", token.substr(0, second), "malformed"});
    tokens.push_back({"four parts", token + ".AAAA", "malformed"});
    tokens.push_back({"five parts, as encrypted ones have", token + ".AAAA.AAAA", "malformed"});
    tokens.push_back({"a dot at the end", token + ".", "malformed"});
    tokens.push_back({"padding", token + "==", "malformed"});
    tokens.push_back({"a line feed at the end", token + "\n", "malformed"});
    tokens.push_back({"a space in front", " " + token, "malformed"});
    tokens.push_back({"a NUL at the end", token + '\0', "malformed"});
    tokens.push_back({"base64 of the other alphabet",
                      token.substr(0, second + 1) + "+/" + token.substr(second + 3),
                      "malformed"});
    // 64 bytes leave four unused bits in the last character.
    std::string bits = token;
    bits.back() = bits.back() == 'A' ? 'B' : static_cast<char>(bits.back() + 1);
    tokens.push_back({"another text of the same signature", bits, "malformed"});
    tokens.push_back({"oversized, correctly signed",
                      with_claims(good_claims(R"(,"x":")" + std::string(8192, 'x') + "\"")),
                      "malformed"});
    tokens.push_back({"a hundred kilobytes", token + std::string(100'000, 'A'), "malformed"});
}

void add_claims(HostileTokens& tokens) {
    const auto time = [](const std::string& exp) { return bare(R"("sub":"d-1",)" + exp); };
    tokens.push_back({"expired", with_claims(time(R"("exp":1799999940)")), "expired"});
    tokens.push_back({"expired long ago", with_claims(time(R"("exp":0)")), "expired"});
    tokens.push_back({"no exp", with_claims(bare(R"("sub":"d-1")")), "missing_claim"});
    for (const char* exp : {R"("1800000600")", "null", "-1", "{}", "1e30", "1800000600000"}) {
        tokens.push_back(
            {"exp is no time", with_claims(time("\"exp\":" + std::string{exp})), "missing_claim"});
    }
    tokens.push_back({"exp twice", with_claims(time(R"("exp":1,"exp":1800000600)")), "malformed"});
    tokens.push_back(
        {"not yet", with_claims(good_claims(R"(,"nbf":1800000061)")), "not_yet_valid"});
    tokens.push_back(
        {"issued in future", with_claims(good_claims(R"(,"iat":1800000061)")), "not_yet_valid"});
    tokens.push_back({"nbf is a text", with_claims(good_claims(R"(,"nbf":"0")")), "malformed"});
    tokens.push_back({"no sub", with_claims(bare(kExp)), "missing_claim"});
    for (const char* sub : {"1", "null", R"(["d-1"])", R"({"id":"d-1"})"}) {
        tokens.push_back({"sub is no text",
                          with_claims(bare("\"sub\":" + std::string{sub} + "," + kExp)),
                          "missing_claim"});
    }
    for (const char* sub :
         {"", "a/b", "+", "#", "$SYS", "d-1\\u0000", "../d-1", "d 1", "-d", "d\\n"}) {
        tokens.push_back(
            {"sub is no device id", with_claims(good_claims("", sub)), "bad_device_id"});
    }
    tokens.push_back({"sub twice", with_claims(good_claims(R"(,"sub":"d-2")")), "malformed"});
    tokens.push_back(
        {"sub is too long", with_claims(good_claims("", std::string(65, 'a'))), "bad_device_id"});
    tokens.push_back({"bad group", with_claims(good_claims(R"(,"groups":["#"])")), "malformed"});
    tokens.push_back({"claims are a list", with_claims("[1]"), "malformed"});
    tokens.push_back({"claims are no JSON", with_claims("sub=d-1"), "malformed"});
    tokens.push_back({"claims are empty", with_claims(""), "malformed"});
    tokens.push_back({"claims have a tail", with_claims(good_claims() + "{}"), "malformed"});
}

void add_purposes(HostileTokens& tokens) {
    const std::string whom = R"("sub":"d-1",)" + kExp;
    const auto purpose = [&](const std::string& members) {
        return with_claims("{" + whom + members + "}");
    };
    const std::string iss = R"(,"iss":"https://issuer.example")";
    const std::string aud = R"(,"aud":"device-mgmt")";
    tokens.push_back({"no audience", purpose(iss), "wrong_audience"});
    tokens.push_back({"wrong audience", purpose(iss + R"(,"aud":"other")"), "wrong_audience"});
    tokens.push_back({"wrong case", purpose(iss + R"(,"aud":"Device-Mgmt")"), "wrong_audience"});
    tokens.push_back({"no audience fits", purpose(iss + R"(,"aud":["a","b"])"), "wrong_audience"});
    tokens.push_back({"a part of it", purpose(iss + R"(,"aud":"device-mgmt2")"), "wrong_audience"});
    tokens.push_back({"no issuer", purpose(aud), "wrong_issuer"});
    tokens.push_back({"wrong issuer", purpose(aud + R"(,"iss":"https://other")"), "wrong_issuer"});
    tokens.push_back({"issuer is a list",
                      purpose(aud + R"(,"iss":["https://issuer.example"])"),
                      "wrong_issuer"});
}

HostileTokens all_hostile() {
    HostileTokens tokens;
    add_algorithms(tokens);
    add_kids(tokens);
    add_headers(tokens);
    add_signatures(tokens);
    add_shapes(tokens);
    add_claims(tokens);
    add_purposes(tokens);
    return tokens;
}

}  // namespace

TEST_CASE("of more than a hundred hostile tokens none is accepted, each for its own reason") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const HostileTokens tokens = all_hostile();
    CHECK(tokens.size() >= 100);
    for (const Hostile& hostile : tokens) {
        CAPTURE(hostile.what);
        CAPTURE(hostile.token);
        // Twice: a refusal must not be remembered as anything else.
        for (int attempt = 0; attempt < 2; ++attempt) {
            const auto checked = authenticator.check_token(hostile.token, kNow);
            REQUIRE_FALSE(checked.has_value());
            CHECK(word(checked.error()) == hostile.problem);
        }
    }
    CHECK(authenticator.check_token(good_token(), kNow).has_value());
}

TEST_CASE("each character of a token matters") {
    const AuthFixture fixture;
    Authenticator authenticator(fixture.load());
    const std::string token = good_token();
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        CAPTURE(i);
        CHECK_FALSE(authenticator.check_token(changed, kNow).has_value());
        changed.erase(i, 1);
        CHECK_FALSE(authenticator.check_token(changed, kNow).has_value());
    }
}

TEST_CASE("another device's token is that device's, whatever else is claimed") {
    AuthFixture fixture;
    fixture.settings.mtls = true;
    Authenticator authenticator(fixture.load());
    const std::string header = "Bearer " + good_token("d-2");
    const auto checked = authenticator.check({"d-1", std::string_view{header}, ""}, kNow);
    REQUIRE_FALSE(checked);
    CHECK(checked.error() == AuthProblem::disagreement);
}
