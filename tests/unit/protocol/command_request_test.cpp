#include "protocol/operator_messages.hpp"
#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::repeat;
using namespace std::chrono_literals;

TEST_CASE("a command needs only its name") {
    const auto request = parse_command_request(R"({"command":"reboot"})");
    REQUIRE(request);
    CHECK(request->command == "reboot");
    CHECK(request->args == "{}");
    CHECK_FALSE(request->id);
    CHECK(request->timeout == 30s);
    CHECK(request->ttl == 60s);
    CHECK(request->delivery == Delivery::at_least_once);
    CHECK_FALSE(request->report_states);
    CHECK_FALSE(request->after);
}

TEST_CASE("every field of a command is read") {
    const auto request = parse_command_request(
        R"({"command":"set","id":"c-1","args":{ "b":1.0, "a":[1e2] },"timeout_s":300,"ttl_s":0,)"
        R"("delivery":"at_most_once","report":"states","after":"c-0","unknown":[1]})");
    REQUIRE(request);
    CHECK(request->id == "c-1");
    CHECK(request->args == R"({ "b":1.0, "a":[1e2] })");
    CHECK(request->timeout == 300s);
    CHECK(request->ttl == 0s);
    CHECK(request->delivery == Delivery::at_most_once);
    CHECK(request->report_states);
    CHECK(request->after == "c-0");
}

TEST_CASE("limits of a command are inclusive") {
    CHECK(parse_command_request("{\"command\":\"" + repeat("\xC3\xA9", 128) + "\"}"));
    CHECK(parse_command_request(R"({"command":"a","timeout_s":1,"ttl_s":172800})"));
    CHECK(parse_command_request("{\"command\":\"a\",\"id\":\"" + repeat("i", 64) + "\"}"));
    CHECK(parse_command_request("{\"command\":\"a\",\"after\":\"" + repeat("i", 129) + "\"}"));
    const std::string head = R"({"command":"a","args":{"x":")";
    const std::string fits =
        head + repeat("x", kMaxOperatorPayloadBytes - head.size() - 3) + "\"}}";
    CHECK(fits.size() == kMaxOperatorPayloadBytes);
    CHECK(parse_command_request(fits));
}

TEST_CASE("a payload over 64 KiB is too large before anything else") {
    const auto request = parse_command_request(repeat("[", kMaxOperatorPayloadBytes + 1));
    REQUIRE_FALSE(request);
    CHECK(request.error().code == Rejection::too_large);
}

TEST_CASE("a bad command is rejected with the name of the field") {
    for (const auto& example : {
             std::pair{R"({})", "command is missing"},
             {R"({"command":""})", "command must have 1 to 128 characters"},
             {R"({"command":1})", "command must be a string"},
             {R"({"command":null})", "command must be a string"},
             {R"({"command":"a","args":[]})", "args must be an object"},
             {R"({"command":"a","args":null})", "args must be an object"},
             {R"({"command":"a","args":"{}"})", "args must be an object"},
             {R"({"command":"a","id":7})", "id must be a string"},
             {R"({"command":"a","id":""})", "id is empty"},
             {R"({"command":"a","id":"a\nb"})", "id contains a character"},
             {R"({"command":"a","timeout_s":0})", "timeout_s must be an integer from 1 to 300"},
             {R"({"command":"a","timeout_s":301})", "timeout_s must be an integer"},
             {R"({"command":"a","timeout_s":30.0})", "timeout_s must be an integer"},
             {R"({"command":"a","timeout_s":"30"})", "timeout_s must be an integer"},
             {R"({"command":"a","ttl_s":-1})", "ttl_s must be an integer from 0 to 172800"},
             {R"({"command":"a","ttl_s":172801})", "ttl_s must be an integer"},
             {R"({"command":"a","delivery":"once"})", "delivery must be"},
             {R"({"command":"a","delivery":true})", "delivery must be"},
             {R"({"command":"a","report":"all"})", "report must be states"},
             {R"({"command":"a","report":true})", "report must be"},
             {R"({"command":"a","after":""})", "after is empty"},
             {R"([])", "the payload is not a JSON object"},
             {R"(reboot)", "the payload is not valid JSON"},
             {R"()", "the payload is not valid JSON"},
             {R"({"command":"a","command":"b"})", "the payload is"},
             {R"({"command":"a","args":{"x":1,"x":2}})", "the payload is"},
         }) {
        const std::string payload = example.first;
        const std::string start = example.second;

        CAPTURE(payload);
        const auto request = parse_command_request(payload);
        REQUIRE_FALSE(request);
        CHECK(request.error().code == Rejection::bad_request);
        CAPTURE(request.error().message);
        CHECK(request.error().message.rfind(start, 0) == 0);
    }
    CHECK_FALSE(parse_command_request("{\"command\":\"" + repeat("x", 129) + "\"}"));
}

TEST_CASE("hostile payloads are rejected") {
    for (const std::string& args : {repeat("{\"a\":", 32) + "1" + repeat("}", 32),
                                    std::string(R"({"a":"\uD800"})"),
                                    std::string("{\"a\":\"\xFF\"}"),
                                    std::string("{\"a\":NaN}"),
                                    std::string("{\"a\":1e400}"),
                                    repeat("[", 60'000)}) {
        const auto request = parse_command_request(R"({"command":"a","args":)" + args + "}");
        REQUIRE_FALSE(request);
        CHECK(request.error().code == Rejection::bad_request);
    }
}

TEST_CASE("a rejection knows the id if that was valid") {
    CHECK(parse_command_request(R"({"id":"c-1"})").error().id == "c-1");
    CHECK(parse_command_request(R"({"command":"a","ttl_s":-1,"id":"c-1"})").error().id == "c-1");
    CHECK_FALSE(parse_command_request(R"({"command":"a","id":""})").error().id);
    CHECK_FALSE(parse_command_request(R"({"id":"c-1",)").error().id);
}

TEST_CASE("a payload that is no object is told from one with a bad field") {
    CHECK(parse_command_request("reboot").error().unreadable);
    CHECK(parse_command_request("[]").error().unreadable);
    CHECK_FALSE(parse_command_request("{}").error().unreadable);
}

TEST_CASE("a command that is written can be read") {
    CommandRequest request;
    request.id = "c \"1\"";
    request.command = "set\n";
    request.args = R"({"x":[1,2.0]})";
    request.timeout = 7s;
    request.ttl = 0s;
    request.delivery = Delivery::at_most_once;
    request.report_states = true;
    request.after = "c-0";
    const auto read = parse_command_request(to_json(request));
    REQUIRE(read);
    CHECK(read->id == request.id);
    CHECK(read->command == request.command);
    CHECK(read->args == request.args);
    CHECK(read->timeout == request.timeout);
    CHECK(read->ttl == request.ttl);
    CHECK(read->delivery == request.delivery);
    CHECK(read->report_states);
    CHECK(read->after == request.after);
    request.id.reset();
    CHECK_FALSE(parse_command_request(to_json(request))->id);
}

TEST_CASE("a cancel names the command") {
    CHECK(parse_cancel(R"({"id":"c-1"})") == "c-1");
    CHECK(parse_cancel(R"({})").error().message == "id is missing");
    CHECK(parse_cancel(R"({"id":1})").error().code == Rejection::bad_request);
    CHECK(parse_cancel(repeat(" ", 65537)).error().code == Rejection::too_large);
}

TEST_CASE("a broadcast is a message or a command") {
    const auto message = parse_broadcast(R"({"data": [1, 2]})");
    REQUIRE(message);
    CHECK(std::get<BroadcastData>(*message).data == "[1, 2]");
    const auto command = parse_broadcast(R"({"command":"reboot","id":"c"})");
    REQUIRE(command);
    CHECK(std::get<CommandRequest>(*command).command == "reboot");
    CHECK_FALSE(parse_broadcast(R"({"command":"reboot","data":1})"));
    CHECK(parse_broadcast(R"({})").error().message == "data is missing");
    CHECK(parse_broadcast(R"({"command":"reboot","ttl_s":"x"})").error().code ==
          Rejection::bad_request);
}

TEST_CASE("a message to a stream is its data") {
    CHECK(parse_stream_message(R"({"data":null})") == "null");
    CHECK_FALSE(parse_stream_message(R"("hello")"));
}
