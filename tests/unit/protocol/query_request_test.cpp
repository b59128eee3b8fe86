#include "protocol/query_request.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::proto;

namespace {

template <class What>
What parsed(const std::string& payload) {
    const auto query = parse_query(payload);
    REQUIRE_MESSAGE(query.has_value(), payload);
    REQUIRE(std::holds_alternative<What>(*query));
    return std::get<What>(*query);
}

std::string problem(const std::string& payload) {
    const auto query = parse_query(payload);
    REQUIRE_FALSE(query.has_value());
    CHECK(query.error().code == QueryError::bad_request);
    return query.error().message;
}

}  // namespace

TEST_CASE("a query has the values of its fields, and defaults") {
    const auto command =
        parsed<CommandQuery>(R"({"query":"command","id":"c-1","device":"d","after_seq":7})");
    CHECK(command.id == "c-1");
    CHECK(command.device->str() == "d");
    CHECK(command.after_seq == 7);
    CHECK_FALSE(parsed<CommandQuery>(R"({"query":"command","id":"c-1"})").device.has_value());

    const auto commands = parsed<CommandsQuery>(
        R"({"query":"commands","device":"d","state":"queued","limit":3,"cursor":"42"})");
    CHECK(commands.state == CommandState::queued);
    CHECK(commands.limit == 3);
    CHECK(commands.cursor == 42);
    const auto plain = parsed<CommandsQuery>(R"({"query":"commands","device":"d"})");
    CHECK_FALSE(plain.state.has_value());
    CHECK(plain.limit == kDefaultQueryLimit);
    CHECK_FALSE(plain.cursor.has_value());

    CHECK(parsed<DeviceQuery>(R"({"query":"device","device":"d:1"})").device.str() == "d:1");

    const auto devices = parsed<DevicesQuery>(
        R"({"query":"devices","online":false,"prefix":"lamp-","limit":500,"cursor":"lamp-1"})");
    CHECK(devices.online == false);
    CHECK(devices.prefix == "lamp-");
    CHECK(devices.limit == 500);
    CHECK(devices.cursor->str() == "lamp-1");
    CHECK_FALSE(parsed<DevicesQuery>(R"({"query":"devices"})").online.has_value());
}

TEST_CASE("the id of a broadcast's command can be asked for") {
    const std::string id = std::string(64, 'i') + "." + std::string(64, 'd');
    CHECK(parsed<CommandQuery>(R"({"query":"command","id":")" + id + R"("})").id == id);
}

TEST_CASE("what is wrong with a query is named") {
    struct Case {
        std::string payload;
        std::string begins;
    };

    for (const Case& c : std::vector<Case>{
             {"{}", "query is missing"},
             {R"({"query":1})", "query must be a string"},
             {R"({"query":"sessions"})", "query must be command, commands, device or devices"},
             {R"({"query":"command"})", "id is missing"},
             {R"({"query":"command","id":""})", "id "},
             {R"({"query":"command","id":"c","device":"a/b"})", "device "},
             {R"({"query":"command","id":"c","after_seq":-1})", "after_seq must be an integer"},
             {R"({"query":"commands"})", "device is missing"},
             {R"({"query":"commands","device":"d","state":"sleeping"})", "state must be"},
             {R"({"query":"commands","device":"d","limit":0})", "limit must be an integer"},
             {R"({"query":"commands","device":"d","limit":501})", "limit must be an integer"},
             {R"({"query":"commands","device":"d","cursor":"x"})", "cursor must be"},
             {R"({"query":"commands","device":"d","cursor":"1x"})", "cursor must be"},
             {R"({"query":"commands","device":"d","cursor":"99999999999999999999"})",
              "cursor must be"},
             {R"({"query":"device"})", "device is missing"},
             {R"({"query":"devices","online":"yes"})", "online must be true or false"},
             {R"({"query":"devices","prefix":"a%"})", "prefix must be"},
             {R"({"query":"devices","cursor":"/"})", "cursor must be"},
             {"[]", "the payload is "},
             {"", "the payload is "},
         }) {
        CAPTURE(c.payload);
        CHECK(problem(c.payload).rfind(c.begins, 0) == 0);
    }
}

TEST_CASE("a query that is too large is refused unread") {
    const auto query = parse_query(std::string(65537, ' '));
    REQUIRE_FALSE(query.has_value());
    CHECK(query.error().code == QueryError::too_large);
}
