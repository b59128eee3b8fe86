#include "protocol/json_to_cbor.hpp"

#include "protocol/cbor_to_json.hpp"
#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::repeat;
using dm::proto::test::to_hex;

TEST_CASE("JSON becomes the shortest CBOR with definite lengths") {
    for (const auto& example : {std::pair{"0", "00"},
                                {"23", "17"},
                                {"24", "1818"},
                                {"255", "18ff"},
                                {"256", "190100"},
                                {"65536", "1a00010000"},
                                {"4294967296", "1b0000000100000000"},
                                {"18446744073709551615", "1bffffffffffffffff"},
                                {"-1", "20"},
                                {"-100", "3863"},
                                {"-9223372036854775808", "3b7fffffffffffffff"},
                                {"0.0", "f90000"},
                                {"-0.0", "f98000"},
                                {"1.0", "f93c00"},
                                {"1.1", "fb3ff199999999999a"},
                                {"1.5", "f93e00"},
                                {"65504.0", "f97bff"},
                                {"65505.0", "fa477fe100"},
                                {"100000.0", "fa47c35000"},
                                {"3.4028234663852886e+38", "fa7f7fffff"},
                                {"3.5e38", "fb47f074f8c4d3cd7b"},
                                {"1e300", "fb7e37e43c8800759c"},
                                {"5.960464477539063e-8", "f90001"},
                                {"6.097555160522461e-05", "f903ff"},
                                {"0.00006103515625", "f90400"},
                                {"2.9802322387695312e-08", "fa33000000"},
                                {"true", "f5"},
                                {"false", "f4"},
                                {"null", "f6"},
                                {"\"\"", "60"},
                                {R"("\u00fc")", "62c3bc"},
                                {"[]", "80"},
                                {"[1,[2,3],[4,5]]", "8301820203820405"},
                                {R"({"b":1,"a":[2,3]})", "a26162016161820203"},
                                {" { \"a\" : { } } ", "a16161a0"}}) {
        const std::string json = example.first;
        const std::string hex = example.second;

        CAPTURE(json);
        CHECK(to_hex(json_to_cbor(json)) == hex);
    }
}

TEST_CASE("containers of any size get the right head") {
    for (const std::size_t count : {1U, 23U, 24U, 255U, 256U, 65535U, 65536U}) {
        CAPTURE(count);
        const std::string json = "[[0" + repeat(",0", count - 1) + "],1]";
        CHECK(cbor_to_json(json_to_cbor(json)) == json);
        const std::string text = "\"" + repeat("x", count) + "\"";
        CHECK(cbor_to_json(json_to_cbor(text)) == text);
    }
}

TEST_CASE("integers beyond what CBOR holds become the nearest float") {
    CHECK(to_hex(json_to_cbor("18446744073709551616")) == "fa5f800000");
    CHECK(to_hex(json_to_cbor("-9223372036854775809")) == "fadf000000");
}

TEST_CASE("a float goes through CBOR without change") {
    for (const auto* text :
         {"0.1", "1e-07", "2.5", "-1.7976931348623157e+308", "5e-324", "1e+21"}) {
        CHECK(cbor_to_json(json_to_cbor(text)) == text);
    }
}

TEST_CASE("what is not JSON becomes nothing") {
    CHECK(json_to_cbor("{").empty());
}
