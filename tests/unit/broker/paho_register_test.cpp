#include "device-mgmt/broker/paho_register.hpp"

#include <cstddef>
#include <cstring>

#include <doctest/doctest.h>

// As Paho's objects call them.
extern "C" {
void* mymalloc(char* file, int line, std::size_t bytes);
void* myrealloc(char* file, int line, void* place, std::size_t bytes);
void myfree(char* file, int line, void* place);
}

using dm::broker::paho_second_frees;

TEST_CASE("what Paho frees a second time is left alone and counted") {
    const auto before = paho_second_frees();
    void* const place = mymalloc(nullptr, 0, 100);
    REQUIRE(place != nullptr);
    myfree(nullptr, 0, place);
    CHECK(paho_second_frees() == before);
    myfree(nullptr, 0, place);
    CHECK(paho_second_frees() == before + 1);
    CHECK(myrealloc(nullptr, 0, place, 200) == nullptr);
    CHECK(paho_second_frees() == before + 2);
}

TEST_CASE("nothing is freed and anything grows") {
    const auto before = paho_second_frees();
    myfree(nullptr, 0, nullptr);
    void* place = myrealloc(nullptr, 0, nullptr, 8);
    REQUIRE(place != nullptr);
    std::memcpy(place, "12345678", 8);
    place = myrealloc(nullptr, 0, place, 1 << 20);
    REQUIRE(place != nullptr);
    CHECK(std::memcmp(place, "12345678", 8) == 0);
    myfree(nullptr, 0, place);
    CHECK(paho_second_frees() == before);
}
