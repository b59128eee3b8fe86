#include "device-mgmt/store/crc32c.hpp"

#include <random>
#include <string>

#include <doctest/doctest.h>

using dm::store::crc32c;
using dm::store::crc32c_portable;

TEST_CASE("CRC-32C gives the values of RFC 3720") {
    CHECK(crc32c("123456789") == 0xe3069283U);
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
    CHECK(crc32c("") == 0U);
}

TEST_CASE("the instruction and the table agree, in one piece and in two") {
    std::mt19937 random(1);
    for (std::size_t size = 0; size < 200; ++size) {
        std::string bytes(size, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(random());
        }
        CHECK(crc32c(bytes) == crc32c_portable(bytes));
        CHECK(crc32c(bytes.substr(size / 3), crc32c(bytes.substr(0, size / 3))) == crc32c(bytes));
    }
}
