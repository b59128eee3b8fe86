#include "device-mgmt/auth/key_ring.hpp"

#include "tests/unit/auth/auth_fixture.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

using namespace dm::auth;
using namespace dm::test;

namespace {

/// The error of loading a folder that holds one good key and this file.
std::string problem_of(const std::string& name, const std::string& content) {
    const TempFolder folder;
    static_cast<void>(folder.write("good.pem", ec_key().public_pem()));
    const std::string path = folder.write(name, content);
    AuthSettings settings;
    settings.jwt_keys = folder.path().string();
    const auto loaded = KeyRing::load(settings);
    if (loaded) {
        return "";
    }
    CHECK(loaded.error().rfind(path + ": ", 0) == 0);
    return loaded.error().substr(path.size() + 2);
}

}  // namespace

TEST_CASE("keys are known by their file's name") {
    const AuthFixture fixture;
    const auto ring = fixture.load();
    CHECK(ring->data().keys.size() == 3);
    CHECK(ring->data().keys.at("ec").algorithm() == Algorithm::es256);
    CHECK(ring->data().keys.at("rsa").algorithm() == Algorithm::rs256);
    CHECK(ring->data().keys.at("shared").algorithm() == Algorithm::hs256);
}

TEST_CASE("other files beside the keys are left alone") {
    CHECK(problem_of("README", "text") == "");
    CHECK(problem_of(".hidden.pem", "text") == "");
    CHECK(problem_of("key.pem~", "text") == "");
}

TEST_CASE("a bad key file is an error that names it") {
    CHECK(problem_of("a.pem", ec_key().private_pem()).find("is a private key") == 0);
    CHECK(problem_of("a.pem", rsa_key().private_pem()).find("is a private key") == 0);
    CHECK(problem_of("a.pem", "nonsense").find("is no public key in PEM") == 0);
    CHECK(problem_of("a.pem", "").find("is no public key in PEM") == 0);
    CHECK(problem_of("a.pem", SigningKey::ec("P-384").public_pem()).find("is an EC key on") == 0);
    CHECK(problem_of("a.pem", SigningKey::ec("secp256k1").public_pem())
              .find("is an EC key on secp256k1: only P-256") == 0);
    CHECK(problem_of("a.pem", SigningKey::ed25519().public_pem()).find("is neither") == 0);
    CHECK(problem_of("a.pem", SigningKey::rsa(1024).public_pem())
              .find("is an RSA key of 1024 bits") == 0);
    CHECK(problem_of("a.secret", std::string(31, 'x')) == "has 31 bytes: at least 32");
    CHECK(problem_of("a.secret", std::string(32, 'x')) == "");
    CHECK(problem_of("good.secret", std::string(32, 'x')) == "there is a second key of that kid");
    CHECK(problem_of("not a kid.pem", ec_key().public_pem()).find("'not a kid' is no kid") == 0);
    CHECK(problem_of("a.pem", std::string(70000, 'x')).find("is larger than") == 0);
}

TEST_CASE("every bad file is reported") {
    const TempFolder folder;
    const std::string first = folder.write("a.pem", "x");
    const std::string second = folder.write("b.secret", "x");
    AuthSettings settings;
    settings.jwt_keys = folder.path().string();
    settings.credentials = (folder.path() / "missing").string();
    const auto loaded = KeyRing::load(settings);
    REQUIRE_FALSE(loaded);
    for (const std::string& path : {first, second, settings.credentials}) {
        CHECK(loaded.error().find(path + ": ") != std::string::npos);
    }
}

TEST_CASE("a folder without keys, or none at all, is an error") {
    const TempFolder folder;
    AuthSettings settings;
    settings.jwt_keys = folder.path().string();
    CHECK(KeyRing::load(settings).error().find("holds 0 keys") != std::string::npos);
    settings.jwt_keys = (folder.path() / "missing").string();
    CHECK(KeyRing::load(settings).error().find("cannot be read") != std::string::npos);
}

TEST_CASE("the first bad line of a credentials file is named") {
    const std::string good = "d-1\t00\t" + std::string(64, '0') + "\n";
    const auto problem = [&](const std::string& text) {
        const auto parsed = parse_credentials(text);
        return parsed ? "" : parsed.error();
    };
    CHECK(problem("# comment\n\n" + good) == "");
    CHECK(problem(good + "d-2").find("line 2: must be id") == 0);
    CHECK(problem(good + good).find("line 2: d-1 is there twice") == 0);
    CHECK(problem("a:b\t00\t" + std::string(64, '0')).find("line 1: the id") == 0);
    CHECK(problem("d\t0\t" + std::string(64, '0')).find("line 1: the salt") == 0);
    CHECK(problem("d\t\t" + std::string(64, '0')).find("line 1: the salt") == 0);
    CHECK(problem("d\t00\t" + std::string(63, '0')).find("line 1: the hash") == 0);
    CHECK(problem("d\t00\t" + std::string(64, 'A')).find("line 1: the hash") == 0);
}
