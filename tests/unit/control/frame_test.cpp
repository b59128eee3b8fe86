#include "control/sse/frame.hpp"

#include <doctest/doctest.h>

using namespace dm::control;

TEST_CASE("an event has its name, its id and its data") {
    CHECK(event_text("sent", "7", "{}") == "event: sent\nid: 7\ndata: {}\n\n");
    CHECK(event_text("", "", "x") == "data: x\n\n");
    CHECK(event_text("e", "", "") == "event: e\ndata: \n\n");
}

TEST_CASE("line ends in data cannot forge a field or an event") {
    CHECK(event_text("e", "", "a\nid: 9\n\nevent: b") ==
          "event: e\ndata: a\ndata: id: 9\ndata: \ndata: event: b\n\n");
    CHECK(event_text("e", "", "a\rb") == "event: e\ndata: a\ndata: b\n\n");
}

TEST_CASE("a comment is no event") {
    CHECK(comment_text("alive") == ": alive\n\n");
    CHECK(position_text("n:b:3") == "id: n:b:3\n\n");
}
