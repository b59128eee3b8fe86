#include "device-mgmt/net/address_rates.hpp"

#include <chrono>
#include <cstdint>

#include <doctest/doctest.h>

namespace dm::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr core::Instant kStart{seconds{1000}};

AddressKey address(std::uint32_t number) {
    AddressKey key{};
    for (std::size_t i = 0; i < 4; ++i) {
        key.at(i) = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return key;
}

}  // namespace

TEST_CASE("an address has its burst and then its rate") {
    AddressRates rates{10, 3};
    for (int i = 0; i < 3; ++i) {
        CHECK(rates.admit(address(1), kStart));
    }
    CHECK_FALSE(rates.admit(address(1), kStart));
    CHECK_FALSE(rates.admit(address(1), kStart + milliseconds{90}));
    CHECK(rates.admit(address(1), kStart + milliseconds{110}));
    CHECK_FALSE(rates.admit(address(1), kStart + milliseconds{110}));
}

TEST_CASE("one address does not use up another's rate") {
    AddressRates rates{1, 1};
    CHECK(rates.admit(address(1), kStart));
    CHECK_FALSE(rates.admit(address(1), kStart));
    CHECK(rates.admit(address(2), kStart));
}

TEST_CASE("a rate of zero admits everything and remembers nobody") {
    AddressRates rates{0, 0};
    for (int i = 0; i < 1000; ++i) {
        CHECK(rates.admit(address(1), kStart));
    }
    CHECK(rates.remembered() == 0);
}

TEST_CASE("memory is bounded: idle addresses are forgotten, else strangers share a bucket") {
    AddressRates rates{1, 2};
    for (std::uint32_t i = 0; i < AddressRates::kMaxAddresses; ++i) {
        CHECK(rates.admit(address(i), kStart));
    }
    // Nobody's bucket is full again: two strangers get the two tokens of the shared one.
    CHECK(rates.admit(address(1'000'001), kStart));
    CHECK(rates.admit(address(1'000'002), kStart));
    CHECK_FALSE(rates.admit(address(1'000'003), kStart));
    CHECK(rates.remembered() == AddressRates::kMaxAddresses);

    CHECK(rates.admit(address(1'000'003), kStart + seconds{2}));
    CHECK(rates.remembered() == 1);
}

}  // namespace dm::net
