#include "device-mgmt/core/subscriptions.hpp"

#include "tests/support/device_ids.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::core::SessionRef;
using dm::core::Subscriptions;
using dm::test::device_id;
namespace proto = dm::proto;

namespace {

using Added = Subscriptions::Added;

constexpr SessionRef kFirst{0, 1};
constexpr SessionRef kSecond{1, 1};
constexpr std::size_t kMany = 1000;

proto::Name name(const std::string& text) {
    return proto::Name::parse(text).value();
}

proto::StreamName open(const std::string& text) {
    return {false, name(text)};
}

proto::StreamName own(const std::string& text) {
    return {true, name(text)};
}

}  // namespace

TEST_CASE("a public stream reaches who subscribed, until they unsubscribe or go") {
    Subscriptions subscriptions(kMany);
    CHECK(subscriptions.add(device_id("d-1"), kFirst, open("news")) == Added::ok);
    CHECK(subscriptions.add(device_id("d-2"), kSecond, open("news")) == Added::ok);
    CHECK(subscriptions.add(device_id("d-2"), kSecond, open("news")) == Added::ok);
    CHECK(subscriptions.size() == 2);
    CHECK(subscriptions.readers(name("news")).size() == 2);
    CHECK(subscriptions.readers(name("other")).empty());
    subscriptions.remove(device_id("d-1"), kFirst, open("news"));
    subscriptions.remove(device_id("d-1"), kFirst, open("news"));
    CHECK(subscriptions.readers(name("news")) == std::vector{kSecond});
    subscriptions.drop(device_id("d-2"));
    CHECK(subscriptions.readers(name("news")).empty());
    CHECK(subscriptions.size() == 0);
}

TEST_CASE("a private stream reaches its user only") {
    Subscriptions subscriptions(kMany);
    CHECK(subscriptions.add(device_id("d-1"), kFirst, own("notices")) == Added::ok);
    CHECK(subscriptions.add(device_id("d-2"), kSecond, own("notices")) == Added::ok);
    CHECK(subscriptions.reader(device_id("d-1"), name("notices")) == kFirst);
    CHECK_FALSE(subscriptions.reader(device_id("d-1"), name("other")).has_value());
    CHECK_FALSE(subscriptions.reader(device_id("d-3"), name("notices")).has_value());
    CHECK(subscriptions.readers(name("notices")).empty());
    subscriptions.remove(device_id("d-1"), kFirst, own("notices"));
    CHECK_FALSE(subscriptions.reader(device_id("d-1"), name("notices")).has_value());
}

TEST_CASE("public and private streams of one name are two") {
    Subscriptions subscriptions(kMany);
    CHECK(subscriptions.add(device_id("d-1"), kFirst, own("news")) == Added::ok);
    CHECK(subscriptions.readers(name("news")).empty());
    CHECK(subscriptions.add(device_id("d-1"), kFirst, open("news")) == Added::ok);
    subscriptions.remove(device_id("d-1"), kFirst, own("news"));
    CHECK(subscriptions.readers(name("news")).size() == 1);
}

TEST_CASE("a new session of a device has no subscriptions, and the old one cannot touch them") {
    Subscriptions subscriptions(kMany);
    CHECK(subscriptions.add(device_id("d-1"), kFirst, open("news")) == Added::ok);
    CHECK(subscriptions.add(device_id("d-1"), kSecond, open("sport")) == Added::ok);
    CHECK(subscriptions.readers(name("news")).empty());
    subscriptions.remove(device_id("d-1"), kFirst, open("sport"));
    CHECK(subscriptions.readers(name("sport")) == std::vector{kSecond});
    CHECK(subscriptions.size() == 1);
}

TEST_CASE("subscriptions of a session and of the node are bounded") {
    Subscriptions subscriptions(dm::core::kMaxSubscriptionsPerSession + 1);
    for (std::size_t i = 0; i < dm::core::kMaxSubscriptionsPerSession; ++i) {
        CHECK(subscriptions.add(device_id("d-1"), kFirst, open("s" + std::to_string(i))) ==
              Added::ok);
    }
    CHECK(subscriptions.add(device_id("d-1"), kFirst, open("more")) == Added::session_full);
    CHECK(subscriptions.add(device_id("d-2"), kSecond, open("a")) == Added::ok);
    CHECK(subscriptions.add(device_id("d-2"), kSecond, open("b")) == Added::node_full);
    subscriptions.remove(device_id("d-1"), kFirst, open("s0"));
    CHECK(subscriptions.add(device_id("d-2"), kSecond, open("b")) == Added::ok);
}
