#include "device-mgmt/redis/url.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm;
using redis::parse_url;

namespace {

std::string problem(const std::string& text) {
    const auto url = parse_url(text);
    return url ? "none" : url.error();
}

}  // namespace

TEST_CASE("a URL names host, port and database, and may name user and password") {
    const auto plain = parse_url("redis://store.example");
    REQUIRE(plain);
    CHECK(plain->host == "store.example");
    CHECK(plain->port == 6379);
    CHECK(plain->database == 0);
    CHECK(plain->user.empty());
    CHECK(plain->password.empty());

    const auto full = parse_url("redis://dm:s%2Fcr%40t@10.0.0.1:7000/3");
    REQUIRE(full);
    CHECK(full->host == "10.0.0.1");
    CHECK(full->port == 7000);
    CHECK(full->database == 3);
    CHECK(full->user == "dm");
    CHECK(full->password == "s/cr@t");
    CHECK(full->place() == "10.0.0.1:7000/3");

    CHECK(parse_url("redis://:word@host")->user.empty());
    CHECK(parse_url("redis://:word@host")->password == "word");
    CHECK(parse_url("redis://host/")->database == 0);
    CHECK(parse_url("redis://[::1]:7000/1")->host == "::1");
    CHECK(parse_url("redis://[::1]")->place() == "[::1]:6379/0");
}

TEST_CASE("what is wrong with a URL is said, and no password with it") {
    CHECK(problem("http://host") == "it must begin with redis://");
    CHECK(problem("") == "it must begin with redis://");
    CHECK(problem("rediss://host").find("TLS") != std::string::npos);
    CHECK(problem("redis://") == "it names no host");
    CHECK(problem("redis://:1") == "it names no host");
    CHECK(problem("redis://host:0").find("port") != std::string::npos);
    CHECK(problem("redis://host:70000").find("port") != std::string::npos);
    CHECK(problem("redis://host:x").find("port") != std::string::npos);
    CHECK(problem("redis://host:").find("port") != std::string::npos);
    CHECK(problem("redis://host/x").find("database") != std::string::npos);
    CHECK(problem("redis://[::1").find("bracket") != std::string::npos);
    CHECK(problem("redis://[::1]7").find("port") != std::string::npos);
    for (const std::string bad : {"redis://secret@host",
                                  "redis://user:@host",
                                  "redis://u:secret%2@host",
                                  "redis://u:secret%zz@host",
                                  "redis://u:secret@host:x",
                                  "redis://u:secret@/0"}) {
        CHECK(problem(bad) != "none");
        CHECK(problem(bad).find("secret") == std::string::npos);
    }
}
