#include "protocol/json_reader.hpp"

#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::repeat;
using namespace std::string_view_literals;

namespace {

/// Writes down what it is told: `{`, `k:<name>`, the raw text of scalars, `}<raw>`.
class Transcript final : public JsonEvents {
public:
    std::string text;
    std::size_t begun = 0;

    void on_key(std::string& key) override { text += "k:" + key + " "; }

    void on_scalar(const JsonScalar& value) override { text += std::string(value.raw) + " "; }

    void on_begin(JsonKind kind) override {
        ++begun;
        text += kind == JsonKind::object ? "{ " : "[ ";
    }

    void on_end(JsonKind kind, std::string_view raw) override {
        text += kind == JsonKind::object ? "}" : "]";
        text += "<" + std::string(raw) + "> ";
    }
};

std::string transcript(std::string_view text) {
    Transcript events;
    const auto read = read_json(text, events);
    return read ? events.text : "! " + read.error().message;
}

bool is_json(std::string_view text) {
    Transcript events;
    return read_json(text, events).has_value();
}

}  // namespace

TEST_CASE("every value comes with the very bytes that stood in the text") {
    CHECK(transcript(R"( { "a" : 1.50 , "b":[ -0,1e+2 ,"x\u0041", true]  ,"c":null, "d":{ } } )") ==
          R"({ k:a 1.50 k:b [ -0 1e+2 "x\u0041" true ]<[ -0,1e+2 ,"x\u0041", true]> )"
          R"(k:c null k:d { }<{ }> )"
          R"(}<{ "a" : 1.50 , "b":[ -0,1e+2 ,"x\u0041", true]  ,"c":null, "d":{ } }> )");
    CHECK(transcript("[[1],[2,3]]") == "[ [ 1 ]<[1]> [ 2 3 ]<[2,3]> ]<[[1],[2,3]]> ");
    CHECK(transcript("12") == "12 ");
    CHECK(transcript(" 12 ") == "12 ");
    CHECK(transcript("\"\"") == "\"\" ");
}

TEST_CASE("numbers keep their kind and value") {
    class Numbers final : public JsonEvents {
    public:
        std::string kinds;
        std::uint64_t natural = 0;
        std::int64_t negative = 0;

        void on_key(std::string& /*key*/) override {}

        void on_scalar(const JsonScalar& value) override {
            kinds += value.kind == JsonKind::natural    ? 'n'
                     : value.kind == JsonKind::negative ? '-'
                                                        : 'r';
            natural = std::max(natural, value.natural);
            negative = std::min(negative, value.negative);
        }

        void on_begin(JsonKind /*kind*/) override {}

        void on_end(JsonKind /*kind*/, std::string_view /*raw*/) override {}
    };

    Numbers numbers;
    REQUIRE(
        read_json("[0,-0,18446744073709551615,18446744073709551616,-1,-9223372036854775808,"
                  "-9223372036854775809,1.0,1e0]",
                  numbers));
    CHECK(numbers.kinds == "nnnr--rrr");
    CHECK(numbers.natural == UINT64_MAX);
    CHECK(numbers.negative == INT64_MIN);
}

TEST_CASE("text that is no JSON is refused") {
    for (const auto text : {""sv,
                            " "sv,
                            "{"sv,
                            "}"sv,
                            "{}}"sv,
                            "{} {}"sv,
                            R"({"a"})"sv,
                            R"({"a":})"sv,
                            R"({"a":1,})"sv,
                            "[1,]"sv,
                            "[,1]"sv,
                            "[1 2]"sv,
                            "{a:1}"sv,
                            "{'a':1}"sv,
                            "{1:1}"sv,
                            "NaN"sv,
                            "[NaN]"sv,
                            "[Infinity]"sv,
                            "[-Infinity]"sv,
                            "[nan]"sv,
                            "[undefined]"sv,
                            "[True]"sv,
                            "[01]"sv,
                            "[1.]"sv,
                            "[.5]"sv,
                            "[+1]"sv,
                            "[-]"sv,
                            "[1e]"sv,
                            "[0x10]"sv,
                            "[1e999]"sv,
                            "[-1e999]"sv,
                            R"(["a])"sv,
                            R"(["\x"])"sv,
                            R"(["\u12"])"sv,
                            "[\"\n\"]"sv,
                            "[\"\x01\"]"sv,
                            "/* */{}"sv,
                            "{}//"sv,
                            "\xEF\xBB\xBF{}"sv}) {
        CAPTURE(std::string(text));
        CHECK_FALSE(is_json(text));
    }
}

TEST_CASE("a NUL does not end the text") {
    CHECK_FALSE(is_json("{}\0"sv));
    CHECK_FALSE(is_json("{}\0{\"a\":1}"sv));
    CHECK_FALSE(is_json("\0{}"sv));
    CHECK_FALSE(is_json("[\"\0\"]"sv));
    CHECK(is_json("[\"\\u0000\"]"sv));
}

TEST_CASE("ill-formed UTF-8 and lone surrogates are refused") {
    for (const auto text : {"[\"\xFF\"]"sv,
                            "[\"\xC0\x80\"]"sv,
                            "[\"\xE2\x82\"]"sv,
                            "[\"\xED\xA0\x80\"]"sv,
                            "[\"\xF4\x90\x80\x80\"]"sv,
                            "\xFF"sv,
                            "[1]\xFF"sv,
                            R"(["\uD800"])"sv,
                            R"(["\uD800x"])"sv,
                            R"(["\uDC00"])"sv,
                            R"(["\uD800\uD800"])"sv,
                            R"({"\uDC00":1})"sv}) {
        CAPTURE(test::to_hex(text));
        CHECK_FALSE(is_json(text));
    }
    CHECK(is_json("[\"\\uD83D\\uDE00 \xF0\x9F\x98\x80\"]"));
}

TEST_CASE("names that come twice are found at any level") {
    CHECK(transcript(R"({"a":1,"b":2,"a":3})").find("\"a\" comes twice") != std::string::npos);
    CHECK_FALSE(is_json(R"({"x":{"y":[{"a":1,"a":1}]}})"));
    CHECK_FALSE(is_json(R"({"a":1,"\u0061":2})"));
    CHECK_FALSE(is_json(R"({"":1,"":2})"));
    CHECK_FALSE(is_json(R"({"a":{"b":1},"c":2,"a":{}})"));
    CHECK(is_json(R"({"a":{"a":{"a":1}},"b":{"a":1},"A":[{"a":1},{"a":1}]})"));
    const std::string name = repeat("n", 65);
    CHECK(transcript("{\"" + name + "\":1,\"" + name + "\":1}").find(name) == std::string::npos);
}

TEST_CASE("an object of very many names is searched for doubles in one pass") {
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) {
        text += "\"" + std::to_string(i) + "\":0,";
    }
    CHECK(is_json(text + "\"x\":0}"));
    CHECK_FALSE(is_json(text + "\"77\":0}"));
}

TEST_CASE("thirty-two levels are read and thirty-three are not") {
    CHECK(is_json(repeat("[", 32) + repeat("]", 32)));
    CHECK_FALSE(is_json(repeat("[", 33) + repeat("]", 33)));
    CHECK(is_json(repeat("{\"a\":", 31) + "[]" + repeat("}", 31)));
    CHECK_FALSE(is_json(repeat("{\"a\":", 32) + "[]" + repeat("}", 32)));
    CHECK(transcript(repeat("[", 33) + repeat("]", 33)).find("32 levels") != std::string::npos);
}

TEST_CASE("hostile nesting is left after the first levels and never recurses") {
    for (const auto* unit : {"[", "{\"a\":", "[{\"a\":"}) {
        Transcript events;
        CHECK_FALSE(read_json(repeat(unit, 100'000), events));
        CHECK(events.begun == 32);  // nothing behind it was looked at
    }
}

TEST_CASE("huge numbers are refused or read, but never overflow") {
    CHECK(is_json("[" + repeat("9", 300) + "]"));
    CHECK_FALSE(is_json("[" + repeat("9", 100'000) + "]"));
    CHECK(is_json("[0." + repeat("0", 100'000) + "1]"));
    CHECK(is_json("[1e-999]"));
}
