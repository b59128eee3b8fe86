#include "protocol/cbor_to_json.hpp"

#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::from_hex;
using dm::proto::test::repeat;

namespace {

std::string json_of(std::string_view hex) {
    auto text = cbor_to_json(from_hex(hex));
    return text ? *text : "! " + text.error().message;
}

bool refused(std::string_view hex) {
    return !cbor_to_json(from_hex(hex));
}

}  // namespace

TEST_CASE("the examples of RFC 8949 appendix A become JSON") {
    for (const auto& example : {std::pair{"00", "0"},
                                {"17", "23"},
                                {"1818", "24"},
                                {"1903e8", "1000"},
                                {"1a000f4240", "1000000"},
                                {"1b000000e8d4a51000", "1000000000000"},
                                {"1bffffffffffffffff", "18446744073709551615"},
                                {"20", "-1"},
                                {"29", "-10"},
                                {"3863", "-100"},
                                {"3903e7", "-1000"},
                                {"3b7fffffffffffffff", "-9223372036854775808"},
                                {"f90000", "0.0"},
                                {"f98000", "-0.0"},
                                {"f93c00", "1.0"},
                                {"fb3ff199999999999a", "1.1"},
                                {"f93e00", "1.5"},
                                {"f97bff", "65504.0"},
                                {"fa47c35000", "1e+05"},
                                {"fa7f7fffff", "3.4028234663852886e+38"},
                                {"fb7e37e43c8800759c", "1e+300"},
                                {"f90001", "5.960464477539063e-08"},
                                {"f90400", "6.103515625e-05"},
                                {"f9c400", "-4.0"},
                                {"fbc010666666666666", "-4.1"},
                                {"f4", "false"},
                                {"f5", "true"},
                                {"f6", "null"},
                                {"40", "\"\""},
                                {"4401020304", "\"AQIDBA\""},
                                {"60", "\"\""},
                                {"6161", "\"a\""},
                                {"62225c", R"("\"\\")"},
                                {"62c3bc", "\"\xC3\xBC\""},
                                {"64f0908591", "\"\xF0\x90\x85\x91\""},
                                {"80", "[]"},
                                {"83010203", "[1,2,3]"},
                                {"8301820203820405", "[1,[2,3],[4,5]]"},
                                {"a0", "{}"},
                                {"a26161016162820203", R"({"a":1,"b":[2,3]})"},
                                {"826161a161626163", R"(["a",{"b":"c"}])"},
                                {"5f42010243030405ff", "\"AQIDBAU\""},
                                {"7f657374726561646d696e67ff", "\"streaming\""},
                                {"5fff", "\"\""},
                                {"7fff", "\"\""},
                                {"9fff", "[]"},
                                {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
                                {"83018202039f0405ff", "[1,[2,3],[4,5]]"},
                                {"bf61610161629f0203ffff", R"({"a":1,"b":[2,3]})"},
                                {"826161bf61626163ff", R"(["a",{"b":"c"}])"},
                                {"bfff", "{}"}}) {
        const std::string hex = example.first;
        const std::string json = example.second;

        CAPTURE(hex);
        CHECK(json_of(hex) == json);
    }
}

TEST_CASE("heads longer than needed are fine") {
    CHECK(json_of("1b0000000000000001") == "1");
    CHECK(json_of("3b0000000000000000") == "-1");
    CHECK(json_of("7b000000000000000161") == "\"a\"");
    CHECK(json_of("bb000000000000000161610b") == "{\"a\":11}");
}

TEST_CASE("the order of names is kept, and names that come twice are left in") {
    CHECK(json_of("a3617a01616102617a03") == "{\"z\":1,\"a\":2,\"z\":3}");
}

TEST_CASE("byte strings become unpadded base64url") {
    CHECK(json_of("41ff") == "\"_w\"");
    CHECK(json_of("42fbff") == "\"-_8\"");
    CHECK(json_of("43fbffbf") == "\"-_-_\"");
    CHECK(json_of("440123abfe") == "\"ASOr_g\"");
}

TEST_CASE("what JSON cannot say is refused") {
    for (const auto* hex : {"c074323031332d30332d32315432303a30343a30305a",  // tag 0
                            "c249010000000000000000",                        // bignum
                            "d9d9f7a0",                                      // self-described
                            "d818456449455446",
                            "f7",    // undefined
                            "f0",    // simple 16
                            "f8ff",  // simple 255
                            "f818",
                            "f97e00",  // NaN
                            "fa7fc00000",
                            "fb7ff8000000000000",
                            "f97c00",  // infinities
                            "f9fc00",
                            "fa7f800000",
                            "fbfff0000000000000",
                            "3bffffffffffffffff",  // below -2^63
                            "3b8000000000000000",
                            "a10102",  // names that are no text
                            "a1416101",
                            "a1f601",
                            "a1800a",
                            "bf01ff",
                            "81f7",
                            "a16161c001"}) {
        CAPTURE(hex);
        CHECK(refused(hex));
    }
}

TEST_CASE("ill-formed CBOR is refused") {
    for (const auto* hex : {"",    // nothing
                            "18",  // cut off
                            "1900",
                            "1b00000000000000",
                            "61",
                            "6261",
                            "7b7fffffffffffffff61",
                            "7bffffffffffffffff61",
                            "5bffffffffffffffff61",
                            "81",
                            "820a",
                            "9bffffffffffffffff01",  // an array of 2^64-1
                            "bbffffffffffffffff616101",
                            "a1",
                            "a16161",
                            "9f01",
                            "bf6161",
                            "5f4101",
                            "fb00",
                            "1c",  // reserved
                            "3d",
                            "5e",
                            "fc",
                            "1f",  // indefinite where none can be
                            "3f",
                            "df00",
                            "ff",  // breaks where none can be
                            "81ff",
                            "a1ff",
                            "bf6161ff",
                            "a16161ff",
                            "5f00ff",  // chunks of the wrong kind
                            "5f6161ff",
                            "7f4161ff",
                            "7f7f6161ffff",
                            "5f5f4161ffff",
                            "61ff",  // no UTF-8
                            "62c328",
                            "63eda080",
                            "7f61c361bcff",
                            "0000",  // something follows
                            "a000",
                            "a0ff",
                            "80f6"}) {
        CAPTURE(hex);
        CHECK(refused(hex));
    }
}

TEST_CASE("the head of a nested indefinite string is not taken for a length of 31") {
    CHECK_FALSE(cbor_to_json("\x7F\x7F" + repeat("a", 31) + "\xFF"));
    CHECK(cbor_to_json("\x7F\x78\x1F" + repeat("a", 31) + "\xFF"));
}

TEST_CASE("thirty-two levels of CBOR are read and thirty-three are not") {
    CHECK(cbor_to_json(repeat("\x81", 31) + "\x80"));
    CHECK_FALSE(cbor_to_json(repeat("\x81", 32) + "\x80"));
    CHECK(cbor_to_json(repeat("\x9F", 32) + repeat("\xFF", 32)));
    CHECK_FALSE(cbor_to_json(repeat("\x9F", 33) + repeat("\xFF", 33)));
}

TEST_CASE("hostile CBOR nesting never recurses") {
    for (const auto* unit :
         {"\x81", "\x9F", "\x7F", R"(_)", "\xA1\x61\x61", "\xBF\x61\x61", "\xC1"}) {
        CHECK_FALSE(cbor_to_json(repeat(unit, 1'000'000)));
    }
}
