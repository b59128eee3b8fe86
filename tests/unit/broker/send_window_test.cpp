#include "device-mgmt/broker/send_window.hpp"

#include <doctest/doctest.h>

using dm::broker::PublishTicket;
using dm::broker::SendWindow;

TEST_CASE("a window gives out as many slots as it has and takes each back once") {
    SendWindow window;
    window.reset(2);
    const auto first = window.take(11, 100);
    const auto second = window.take(0, 20);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(window.full());
    CHECK_FALSE(window.take(13, 1));
    CHECK(window.bytes() == 120);
    CHECK(window.give_back(*first) == PublishTicket{11});
    CHECK(window.bytes() == 20);
    CHECK_FALSE(window.give_back(*first));
    CHECK(window.taken() == 1);
    CHECK_FALSE(window.give_back(99));
}

TEST_CASE("at a loss a window names every ticket that was out, once") {
    SendWindow window;
    window.reset(3);
    REQUIRE(window.take(1, 5));
    REQUIRE(window.take(0, 20));
    REQUIRE(window.take(3, 5));
    CHECK(window.give_back_all() == std::vector<PublishTicket>{1, 3});
    CHECK(window.give_back_all().empty());
    CHECK(window.taken() == 0);
    CHECK(window.bytes() == 0);
}
