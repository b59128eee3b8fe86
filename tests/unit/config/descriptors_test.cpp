#include "device-mgmt/descriptors.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::kReservedDescriptors;
using dm::plan_descriptors;

TEST_CASE("without a configured capacity connections get what reserve and handshakes leave") {
    const auto plan = plan_descriptors(256, 0);
    REQUIRE(plan);
    CHECK(plan->sockets == 256 - kReservedDescriptors);
    CHECK(plan->connections == 112);
}

TEST_CASE("a configured capacity is what there is, and the rest is for handshakes") {
    const auto plan = plan_descriptors(20'000, 10'000);
    REQUIRE(plan);
    CHECK(plan->connections == 10'000);
    CHECK(plan->sockets == 20'000 - kReservedDescriptors);
}

TEST_CASE("handshakes take no more than they can use") {
    const auto plan = plan_descriptors(1'000'000, 0);
    REQUIRE(plan);
    CHECK(plan->sockets - plan->connections == 1024);
}

TEST_CASE("a capacity that does not fit is refused with the numbers") {
    const auto plan = plan_descriptors(1024, 1000);
    REQUIRE_FALSE(plan);
    for (const char* part : {"1253", "1000", "125", "128", "1024", "ulimit -n"}) {
        CAPTURE(part);
        CHECK(plan.error().find(part) != std::string::npos);
    }
    CHECK(plan_descriptors(1253, 1000));
    CHECK_FALSE(plan_descriptors(1252, 1000));
}

TEST_CASE("a limit that leaves nothing for devices is refused") {
    CHECK_FALSE(plan_descriptors(150, 0));
    CHECK(plan_descriptors(160, 0));
}
