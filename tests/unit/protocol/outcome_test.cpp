#include "protocol/operator_messages.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::proto;

namespace {

DeviceId device() {
    return *DeviceId::parse("lamp-7");
}

}  // namespace

TEST_CASE("a reader understands a terminal message") {
    const Terminal terminal{"c-1",
                            device(),
                            "set",
                            CommandState::failed,
                            "error",
                            R"({"x":1})",
                            WallTime{},
                            "node-1",
                            2,
                            std::chrono::milliseconds(12),
                            ErrorDetail{"device_rejected", "no \"way\""}};
    const auto outcome = parse_outcome(to_json(terminal));
    REQUIRE(outcome);
    CHECK(outcome->id == "c-1");
    CHECK(outcome->device == "lamp-7");
    CHECK(outcome->state == "failed");
    CHECK(outcome->status == "error");
    CHECK(outcome->data == R"({"x":1})");
    REQUIRE(outcome->error);
    CHECK(outcome->error->code == "device_rejected");
    CHECK(outcome->error->message == "no \"way\"");
}

TEST_CASE("a reader understands a rejection without id and device") {
    const auto outcome = parse_outcome(to_json(
        RejectionMessage{{}, {}, Rejection::bad_request, "bytes \xFF", WallTime{}, "node-1"}));
    REQUIRE(outcome);
    CHECK_FALSE(outcome->id);
    CHECK_FALSE(outcome->device);
    CHECK(outcome->state == "rejected");
    CHECK(outcome->error->code == "bad_request");
    CHECK(outcome->error->message == "bytes \xEF\xBF\xBD");
}

TEST_CASE("a reader tells data that is null from no data") {
    CHECK(parse_outcome(R"({"state":"late","data":null})")->data == "null");
    CHECK_FALSE(parse_outcome(R"({"state":"late"})")->data);
}

TEST_CASE("what is no outcome is refused with a reason") {
    CHECK(parse_outcome("[]").error() == "not a JSON object");
    CHECK(parse_outcome("{}").error() == "state is missing");
    CHECK(parse_outcome(R"({"state":"x","id":1})").error() == "id must be a string");
    CHECK(parse_outcome(R"({"state":"x","error":{}})").error() == "error code is missing");
}
