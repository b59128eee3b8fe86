#include "device-mgmt/auth/base64.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::auth;

TEST_CASE("base64url round trip of every length") {
    for (std::size_t size = 0; size < 20; ++size) {
        std::string octets;
        for (std::size_t i = 0; i < size; ++i) {
            octets += static_cast<char>(i * 97 + size * 31);
        }
        CAPTURE(size);
        CHECK(decode_base64url(encode_base64url(octets)) == octets);
    }
    CHECK(encode_base64url("\xFB\xFF\xFE") == "-__-");
    CHECK(encode_base64url("f") == "Zg");
}

TEST_CASE("base64url is strict") {
    CHECK(decode_base64url("Zg") == "f");
    for (const char* bad : {"Zg==", "Zg=", "Z", "Zh", "Zm9=", "Z g", "Zg\n", "+/+/", "Zm9vYmFyA"}) {
        CAPTURE(bad);
        CHECK_FALSE(decode_base64url(bad));
    }
}

TEST_CASE("base64 wants its padding") {
    CHECK(decode_base64("Zg==") == "f");
    CHECK(decode_base64("Zm8=") == "fo");
    CHECK(decode_base64("Zm9v") == "foo");
    CHECK(decode_base64("++//") == "\xFB\xEF\xFF");
    CHECK(decode_base64("") == "");
    for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm9=", "=", "====", "Z===", "-_-_", "Zg==Zg=="}) {
        CAPTURE(bad);
        CHECK_FALSE(decode_base64(bad));
    }
}
