#include "firmware-sim/json_text.hpp"

#include <cmath>

#include <doctest/doctest.h>

using dm::sim::Args;
using dm::sim::JsonObject;

TEST_SUITE("firmware-sim/json_text") {
    TEST_CASE("an object keeps the order of the calls and escapes texts") {
        const auto text = JsonObject{}
                              .text("b", "line\n\"quote\"")
                              .number("a", 1)
                              .number("c", 0.5)
                              .number("nan", NAN)
                              .boolean("d", true)
                              .json("e", "[1]")
                              .str();
        CHECK(text == R"({"b":"line\n\"quote\"","a":1,"c":0.5,"nan":null,"d":true,"e":[1]})");
        CHECK(JsonObject{}.str() == "{}");
    }

    TEST_CASE("numbers are also read from texts, because some operators send only texts") {
        const auto args = Args::parse(R"({"a":21.5,"b":"21.5","c":"21.5x","d":true,"e":31})");
        CHECK(args.number("a", 5, 30) == 21.5);
        CHECK(args.number("b", 5, 30) == 21.5);
        CHECK_FALSE(args.number("c", 5, 30));
        CHECK_FALSE(args.number("d", 5, 30));
        CHECK_FALSE(args.number("e", 5, 30));
        CHECK(args.number("f", 5, 30).error() == "argument 'f' is missing");
    }

    TEST_CASE("what is no object has no arguments") {
        CHECK_FALSE(Args::parse("[1]").has("0"));
        CHECK_FALSE(Args::parse("{").has(""));
        CHECK(Args::parse(R"({"x":"y"})").text("x") == "y");
        CHECK_FALSE(Args::parse(R"({"x":1})").text("x"));
    }
}
