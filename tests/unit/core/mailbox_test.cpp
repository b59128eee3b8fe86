#include "device-mgmt/core/mailbox.hpp"

#include "tests/support/device_ids.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::core::Mailbox;
using dm::core::Pending;
using dm::core::Stage;

namespace {

Pending pending(std::uint64_t number, Stage stage) {
    Pending made(dm::core::Command{{dm::test::device_id("a"), "c" + std::to_string(number)},
                                   {"x", "{}", {}, {}},
                                   dm::proto::Delivery::at_least_once,
                                   false,
                                   {},
                                   {},
                                   {},
                                   number,
                                   {},
                                   {},
                                   {}});
    made.stage = stage;
    return made;
}

}  // namespace

TEST_CASE("a mailbox counts what occupies the window and what waits") {
    Mailbox box;
    std::uint64_t number = 0;
    for (const Stage stage : {Stage::storing,
                              Stage::waiting,
                              Stage::sending,
                              Stage::sent,
                              Stage::delivered,
                              Stage::ending}) {
        box.commands.push_back(pending(++number, stage));
    }
    CHECK(box.waiting() == 2);
    CHECK(box.in_flight() == 3);
}

TEST_CASE("a mailbox finds and forgets by id and by number") {
    Mailbox box;
    for (std::uint64_t number = 1; number <= 3; ++number) {
        box.commands.push_back(pending(number, Stage::waiting));
    }
    REQUIRE(box.find("c2") != nullptr);
    CHECK(box.find("c2")->command.number == 2);
    CHECK(box.find("c4") == nullptr);
    box.erase(2);
    CHECK(box.find("c2") == nullptr);
    CHECK(box.find(std::uint64_t{2}) == nullptr);
    REQUIRE(box.commands.size() == 2);
    CHECK(box.commands[0].command.number == 1);
    CHECK(box.commands[1].command.number == 3);
}
