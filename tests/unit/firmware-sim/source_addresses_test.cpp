#include "firmware-sim/source_addresses.hpp"

#include <doctest/doctest.h>

using dm::sim::SourceAddresses;

TEST_SUITE("firmware-sim/source_addresses") {
    const auto kLocal = asio::ip::make_address("127.0.0.1");
    const auto kRemote = asio::ip::make_address("192.0.2.1");

    TEST_CASE("on loopback every 20,000 devices get an address of their own") {
        const auto sources = SourceAddresses::parse("", kLocal);
        REQUIRE(sources);
        CHECK(sources->of(0).is_unspecified());
        CHECK(sources->of(19'999).is_unspecified());
        CHECK(sources->of(20'000).to_string() == "127.0.1.1");
        CHECK(sources->of(40'000).to_string() == "127.0.1.2");
        CHECK(sources->of(5'020'000).to_string() == "127.0.2.1");
        CHECK(SourceAddresses::parse("", kRemote)->of(1'000'000).is_unspecified());
    }

    TEST_CASE("a number or a list is used in turn") {
        CHECK(SourceAddresses::parse("2", kLocal)->of(2).to_string() == "127.0.1.1");
        CHECK(SourceAddresses::parse("2", kLocal)->of(3).to_string() == "127.0.1.2");
        CHECK(SourceAddresses::parse("192.0.2.7,192.0.2.8", kRemote)->of(3).to_string() ==
              "192.0.2.8");
    }

    TEST_CASE("numbers away from loopback, zero and words are refused") {
        CHECK_FALSE(SourceAddresses::parse("2", kRemote));
        CHECK_FALSE(SourceAddresses::parse("0", kLocal));
        CHECK_FALSE(SourceAddresses::parse("99999999", kLocal));
        CHECK_FALSE(SourceAddresses::parse("localhost", kLocal));
        CHECK_FALSE(SourceAddresses::parse("127.0.0.1,,127.0.0.2", kLocal));
    }
}
