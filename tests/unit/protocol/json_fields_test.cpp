#include "protocol/json_fields.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::proto;

namespace {

FieldReader reader(std::string_view text) {
    return FieldReader(read_object(text).value());
}

}  // namespace

TEST_CASE("only the members of the outermost object are kept") {
    const auto fields = read_object(R"({"a":{"b":1},"c":[{"d":2}],"e":"\u0041"})");
    REQUIRE(fields);
    REQUIRE(fields->size() == 3);
    CHECK(fields->at(0).name == "a");
    CHECK(fields->at(0).kind == JsonKind::object);
    CHECK(fields->at(0).raw == R"({"b":1})");
    CHECK(fields->at(1).raw == R"([{"d":2}])");
    CHECK(fields->at(2).text == "A");
    CHECK(fields->at(2).raw == R"("\u0041")");
}

TEST_CASE("an array is not an object and an object is not an array") {
    for (const auto* text : {"[]", "1", "\"a\"", "null", "true"}) {
        CAPTURE(std::string(text));
        REQUIRE_FALSE(read_object(text));
        CHECK(read_object(text).error().message == "not a JSON object");
    }
    CHECK_FALSE(read_array("{}"));
    CHECK(read_array("[1,[2],{}]")->size() == 3);
}

TEST_CASE("the first problem is kept, with the name of its field") {
    FieldReader in = reader(R"({"a":1,"b":2})");
    CHECK(in.text("a", 10).empty());
    CHECK(in.text("b", 10).empty());
    CHECK(in.text("c", 10).empty());
    CHECK(in.problem() == "a must be a string");
}

TEST_CASE("a required field that is absent is missing") {
    FieldReader in = reader("{}");
    CHECK(in.json("data").empty());
    CHECK(in.problem() == "data is missing");
}

TEST_CASE("null is a wrong kind and no absence") {
    FieldReader in = reader(R"({"a":null})");
    CHECK_FALSE(in.text_if_any("a", 10));
    CHECK(in.problem() == "a must be a string");
    FieldReader data = reader(R"({"data":null})");
    CHECK(data.json("data") == "null");
    CHECK_FALSE(data.problem());
}

TEST_CASE("integers are integers without fraction or exponent") {
    for (const auto* text : {R"({"n":30.0})",
                             R"({"n":3e1})",
                             R"({"n":"30"})",
                             R"({"n":-1})",
                             R"({"n":0})",
                             R"({"n":301})",
                             R"({"n":18446744073709551616})",
                             R"({"n":true})"}) {
        CAPTURE(std::string(text));
        FieldReader in = reader(text);
        CHECK_FALSE(in.natural_if_any("n", 1, 300));
        REQUIRE(in.problem());
        CHECK(in.problem()->find("n must be an integer from 1 to 300") == 0);
    }
    FieldReader in = reader(R"({"n":300})");
    CHECK(in.natural("n", 1, 300) == 300);
    CHECK_FALSE(in.problem());
}

TEST_CASE("lengths are counted in bytes or in characters") {
    const std::string text = "{\"a\":\"\xE2\x82\xAC\xE2\x82\xAC\"}";
    CHECK(reader(text).text("a", 6).size() == 6);
    CHECK(reader(text).characters("a", 2).size() == 6);
    FieldReader bytes = reader(text);
    CHECK(bytes.text("a", 5).empty());
    CHECK(bytes.problem() == "a must have at most 5 bytes");
    FieldReader characters = reader(text);
    CHECK(characters.characters("a", 1).empty());
    CHECK(characters.problem() == "a must have 1 to 1 characters");
    FieldReader empty = reader(R"({"a":""})");
    CHECK_FALSE(empty.characters_if_any("a", 5));
    CHECK(empty.problem());
}
