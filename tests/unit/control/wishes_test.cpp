#include "control/api/wishes.hpp"

#include <doctest/doctest.h>

using namespace dm::control;
using namespace std::chrono_literals;
using dm::http::HttpRequest;

namespace {

HttpRequest request(dm::http::Headers headers, std::string body = {}, std::string query = {}) {
    HttpRequest made;
    made.headers = std::move(headers);
    made.body = std::move(body);
    made.query = std::move(query);
    return made;
}

HttpRequest json(std::string body, dm::http::Headers more = {}) {
    more.emplace_back("Content-Length", std::to_string(body.size()));
    more.emplace_back("Content-Type", "application/json");
    return request(std::move(more), std::move(body));
}

}  // namespace

TEST_CASE("Accept and Prefer say how a caller wants to be answered") {
    CHECK(preference(request({})).mode == CallMode::wait);
    CHECK(preference(request({})).patience == 60s);
    CHECK(preference(request({{"accept", "text/html, Text/Event-Stream;q=0.9"}})).mode ==
          CallMode::stream);
    CHECK(preference(request({{"Accept", "text/event-streams"}})).mode == CallMode::wait);
    CHECK(preference(request({{"Prefer", "respond-async"}})).mode == CallMode::submit);
    CHECK(preference(request({{"prefer", "wait=7"}})).patience == 7s);
    CHECK(preference(request({{"Prefer", "foo, wait=9999"}})).patience == 60s);
    for (const char* odd : {"wait=", "wait=-1", "wait=1s", "wait", "=", ",,"}) {
        CAPTURE(odd);
        CHECK(preference(request({{"Prefer", odd}})).patience == 60s);
    }
}

TEST_CASE("a body needs a length, JSON and a size that a command may have") {
    CHECK_FALSE(check_body(json("{}"), true));
    CHECK(check_body(request({{"Content-Type", "application/json"}}), true)->status == 411);
    CHECK(check_body(json("{}", {{"Transfer-Encoding", "chunked"}}), true)->status == 411);
    CHECK(check_body(json("{}", {{"content-length", "2"}}), true)->status == 411);
    CHECK(check_body(json(std::string(65537, ' ')), true)->status == 413);
    CHECK(check_body(json("{}", {{"Content-Encoding", "gzip"}}), true)->status == 415);
    for (const char* type : {"",
                             "text/plain",
                             "application/json; charset=latin1",
                             "application/x-www-form-urlencoded",
                             "application/jsonx"}) {
        CAPTURE(type);
        CHECK(
            check_body(request({{"Content-Length", "0"}, {"Content-Type", type}}), true)->status ==
            415);
    }
    CHECK_FALSE(check_body(
        request({{"Content-Length", "0"}, {"Content-Type", "Application/JSON; charset=UTF-8"}}),
        true));
}

TEST_CASE("a route without a body takes none") {
    CHECK_FALSE(check_body(request({}), false));
    CHECK_FALSE(check_body(request({{"Content-Length", "0"}}), false));
    CHECK(check_body(json("{}"), false)->status == 400);
    CHECK(check_body(request({{"Transfer-Encoding", "chunked"}}), false)->status == 411);
}

TEST_CASE("the Idempotency-Key is the id") {
    const auto command = read_command(json(R"({"command":"set"})", {{"idempotency-key", "k-1"}}));
    REQUIRE(command);
    CHECK(command->id == "k-1");
    CHECK(read_command(json(R"({"command":"set","id":"k-1"})", {{"Idempotency-Key", "k-1"}})));
    CHECK_FALSE(
        read_command(json(R"({"command":"set","id":"k-2"})", {{"Idempotency-Key", "k-1"}})));
    CHECK_FALSE(read_command(json(R"({"command":"set"})", {{"Idempotency-Key", ""}})));
    CHECK_FALSE(read_command(
        json(R"({"command":"set"})", {{"Idempotency-Key", "a"}, {"idempotency-key", "a"}})));
    CHECK_FALSE(read_command(json(R"({"command":"set"})")).value().id);
}

TEST_CASE("the origin's action has a destination, a command and perhaps arguments") {
    const auto action =
        read_origin_action(R"({"destination":"lamp","command":"turn_on","args":{"level":"3"}})");
    REQUIRE(action);
    CHECK(action->destination.str() == "lamp");
    CHECK(action->command.args == R"({"level":"3"})");
    CHECK(read_origin_action(R"({"destination":"lamp","command":"x","args":null})")->command.args ==
          "{}");
    for (const char* body : {"",
                             "[]",
                             R"({"command":"x"})",
                             R"({"destination":"lamp"})",
                             R"({"destination":"a/b","command":"x"})",
                             R"({"destination":"lamp","command":"x","args":[1]})"}) {
        CAPTURE(body);
        REQUIRE_FALSE(read_origin_action(body));
        CHECK(read_origin_action(body).error().status == 400);
    }
}

TEST_CASE("a broadcast has a group and a message or a command") {
    CHECK(read_broadcast(json(R"({"group":"all","data":1})")));
    CHECK(read_broadcast(json(R"({"group":"all","command":"set","ttl_s":0})")));
    for (const char* body : {R"({"data":1})",
                             R"({"group":"a/b","data":1})",
                             R"({"group":"all"})",
                             R"({"group":"all","data":1,"command":"x"})",
                             R"({"group":"all","command":"x","ttl_s":"1"})",
                             "nonsense"}) {
        CAPTURE(body);
        CHECK_FALSE(read_broadcast(json(body)));
    }
}

TEST_CASE("lists ask what their parameters say") {
    const auto device = *dm::proto::DeviceId::parse("lamp-7");
    CHECK(*commands_question(device, request({}, "", "state=queued&limit=2&cursor=17")) ==
          R"({"query":"commands","device":"lamp-7","state":"queued","limit":2,"cursor":"17"})");
    CHECK(*devices_question(request({}, "", "online=true&prefix=lamp%2D&cursor=lamp-6")) ==
          R"({"query":"devices","online":true,"prefix":"lamp-","cursor":"lamp-6"})");
    CHECK(command_question("c-1", std::nullopt, 0) == R"({"query":"command","id":"c-1"})");
}

TEST_CASE("a parameter that is wrong, unknown or there twice is refused") {
    for (const char* query : {"limit=0",
                              "limit=501",
                              "limit=1000000",
                              "limit=x",
                              "limit=",
                              "online=yes",
                              "online=1",
                              "prefix=%2F",
                              "prefix=%00",
                              "prefix=%zz",
                              "onlin=true",
                              "limit=1&limit=2",
                              "cursor=..%2F",
                              "&",
                              "="}) {
        CAPTURE(query);
        const auto question = devices_question(request({}, "", query));
        REQUIRE_FALSE(question);
        CHECK(question.error().status == 400);
    }
    const auto device = *dm::proto::DeviceId::parse("a");
    CHECK_FALSE(commands_question(device, request({}, "", "state=nonsense")));
    CHECK_FALSE(commands_question(device, request({}, "", "cursor=x")));
}
