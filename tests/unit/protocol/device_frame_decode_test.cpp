#include "protocol/frame_codec.hpp"
#include "tests/unit/protocol/bytes.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using namespace dm::proto;
using dm::proto::test::from_hex;
using dm::proto::test::repeat;

namespace {

auto decode(std::string_view text) {
    return decode_device_frame(Format::json, text);
}

template <typename Frame>
Frame decode_as(std::string_view text) {
    auto frame = decode(text);
    if (!frame) {
        FAIL(frame.error().message);
    }
    return std::get<Frame>(*std::move(frame));
}

}  // namespace

TEST_CASE("a hello may be empty or full") {
    CHECK_FALSE(decode_as<Hello>(R"({"type":"hello"})").model);
    const auto hello = decode_as<Hello>(
        R"({"type":"hello","model":"L1","firmware":"2.0","labels":{ "site":"x"}})");
    CHECK(hello.model == "L1");
    CHECK(hello.firmware == "2.0");
    CHECK(hello.labels == R"({ "site":"x"})");
}

TEST_CASE("a reply keeps the very text of its data") {
    const auto reply = decode_as<Reply>(
        R"({"data": { "x":1.50,"y":[1 ,2]} ,"type":"reply","id":"a","status":"ok",)"
        R"("time":"2026-01-01T00:00:00Z","attempt":3})");
    CHECK(reply.id == "a");
    CHECK(reply.status == "ok");
    CHECK(reply.data == R"({ "x":1.50,"y":[1 ,2]})");
    CHECK(reply.time == parse_time("2026-01-01T00:00:00Z"));
    CHECK(reply.attempt == 3U);
    CHECK(decode_as<Reply>(R"({"type":"reply","id":"a","status":"ok","data":12})").data == "12");
    CHECK(decode_as<Reply>(R"({"type":"reply","id":"a","status":"ok","data":12 })").data == "12");
}

TEST_CASE("the other frames of a device are read") {
    CHECK_NOTHROW(decode_as<Heartbeat>(R"({"type":"heartbeat","extra":[{}]})"));
    CHECK(decode_as<Ack>(R"({"type":"ack","id":"a"})").id == "a");
    const auto telemetry =
        decode_as<Telemetry>(R"({"type":"telemetry","channel":"temp","data":null})");
    CHECK(telemetry.channel.str() == "temp");
    CHECK(telemetry.data == "null");
    const auto alert =
        decode_as<Alert>(R"({"type":"alert","severity":"warning","message":"m","data":[]})");
    CHECK(alert.severity == Severity::warning);
    CHECK(alert.message == "m");
    CHECK(decode_as<Token>(R"({"type":"token","jwt":"a.b.c"})").jwt == "a.b.c");
}

TEST_CASE("a subscription may come as type or as event") {
    for (const auto* text :
         {R"({"type":"subscribe","streams":["public.a","private.b"]})",
          R"({"event":"subscribe","streams":["public.a","private.b"]})",
          R"({"type":"subscribe","event":"x","streams":["public.a","private.b"]})"}) {
        CAPTURE(std::string(text));
        const auto streams = decode_as<Subscribe>(text).streams;
        REQUIRE(streams.size() == 2);
        CHECK_FALSE(streams[0].is_private);
        CHECK(streams[0].name.str() == "a");
        CHECK(streams[1].is_private);
        CHECK(streams[1].name.str() == "b");
    }
    CHECK(decode_as<Unsubscribe>(R"({"event":"unsubscribe","streams":[]})").streams.empty());
}

TEST_CASE("a bad frame is answered with the name of the field") {
    const std::string long_label =
        R"({"type":"hello","labels":{"a":")" + repeat("x", 2048) + "\"}}";
    const std::string streams =
        R"({"type":"subscribe","streams":["public.a")" + repeat(R"(,"public.a")", 32) + "]}";
    for (const auto& example : {
             std::pair<std::string, std::string>{R"({})", "type is missing"},
             {R"({"type":1})", "type must be a string"},
             {R"({"event":"publish"})", "type is missing"},
             {R"({"event":1})", "event must be a string"},
             {R"({"type":"hello","model":1})", "model must be a string"},
             {R"({"type":"hello","labels":[]})", "labels must be an object"},
             {R"({"type":"hello","labels":{"a":1}})", "labels must have strings as values"},
             {R"({"type":"hello","labels":{"a":{}}})", "labels must have strings as values"},
             {long_label, "labels must have at most 2048 bytes"},
             {R"({"type":"ack"})", "id is missing"},
             {R"({"type":"ack","id":null})", "id must be a string"},
             {R"({"type":"ack","id":""})", "id is empty; it must be a command's id"},
             {R"({"type":"reply","id":"a"})", "status is missing"},
             {R"({"type":"reply","id":"a","status":""})", "status must have 1 to 64 characters"},
             {R"({"type":"reply","id":"a","status":true})", "status must be a string"},
             {R"({"type":"telemetry","data":1})", "channel is missing"},
             {R"({"type":"telemetry","channel":"a/b","data":1})",
              "channel contains a character that is not allowed"},
             {R"({"type":"telemetry","channel":"a"})", "data is missing"},
             {R"({"type":"alert","severity":"bad","message":"m"})",
              "severity must be info, warning or critical"},
             {R"({"type":"alert","severity":"info"})", "message is missing"},
             {R"({"type":"subscribe"})", "streams is missing"},
             {R"({"type":"subscribe","streams":"public.a"})", "streams must be an array"},
             {streams, "streams must hold at most 32 names"},
             {R"({"type":"token"})", "jwt is missing"},
             {R"([])", "not a JSON object"},
             {R"("hello")", "not a JSON object"},
         }) {
        const std::string text = example.first;
        const std::string message = example.second;

        CAPTURE(std::string(text));
        const auto frame = decode(text);
        REQUIRE_FALSE(frame);
        CHECK(frame.error().code == FrameError::bad_frame);
        CHECK(frame.error().message == message);
    }
    for (const auto* attempt : {"0", "-1", "1.0", "4294967296", "\"1\""}) {
        CHECK_FALSE(decode(std::string(R"({"type":"reply","id":"a","status":"ok","attempt":)") +
                           attempt + "}"));
    }
    for (const auto* stream : {"\"a\"",
                               "\"public\"",
                               "\"public.\"",
                               "\"other.a\"",
                               "\"public.a/b\"",
                               "\"private.+\"",
                               "1",
                               "[]",
                               "null"}) {
        CHECK_FALSE(decode(std::string(R"({"type":"subscribe","streams":[)") + stream + "]}"));
    }
    CHECK_FALSE(decode(R"({"type":"reply","id":"a","status":"ok","time":"yesterday"})"));
    CHECK_FALSE(decode(R"({"type":"reply","id":"a","status":")" + repeat("s", 65) + "\"}"));
    CHECK_FALSE(
        decode(R"({"type":"alert","severity":"info","message":")" + repeat("s", 1025) + "\"}"));
    CHECK_FALSE(decode(R"({"type":"token","jwt":")" + repeat("j", 8193) + "\"}"));
    CHECK_FALSE(decode(R"({"type":"hello","model":")" + repeat("m", 129) + "\"}"));
}

TEST_CASE("an unknown type is not a bad frame") {
    const auto frame = decode(R"({"type":"Hello","id":"a"})");
    REQUIRE_FALSE(frame);
    CHECK(frame.error().code == FrameError::unknown_type);
    CHECK(frame.error().message == "type \"Hello\" is not known");
    CHECK(frame.error().id == "a");
    CHECK(decode("{\"type\":\"" + repeat("x", 1000) + "\"}").error().message ==
          "type is not known");
}

TEST_CASE("a problem carries the id of its frame if that could be read") {
    CHECK(decode(R"({"type":"reply","id":"a"})").error().id == "a");
    CHECK_FALSE(decode(R"({"type":"reply","id":7})").error().id);
    CHECK_FALSE(decode(R"({"type":"reply","id":"a","id":"a"})").error().id);
    CHECK_FALSE(decode("{\"type\":\"reply\",\"id\":\"" + repeat("x", 130) + "\"}").error().id);
}

TEST_CASE("a reply to a broadcast command may carry its long id") {
    const std::string id = repeat("i", 64) + "." + repeat("d", 64);
    CHECK(decode_as<Ack>("{\"type\":\"ack\",\"id\":\"" + id + "\"}").id == id);
}

TEST_CASE("hostile JSON is a bad frame") {
    for (const std::string& text :
         {repeat("[", 100'000),
          repeat("{\"type\":", 100'000),
          std::string(R"({"type":"heartbeat","type":"heartbeat"})"),
          std::string(R"({"type":"heartbeat","x":{"a":1,"a":1}})"),
          std::string(R"({"type":"heartbeat","x":"\uD800"})"),
          std::string(R"({"type":"heartbeat","x":NaN})"),
          std::string(R"({"type":"heartbeat","x":1e999})"),
          std::string("{\"type\":\"heartbeat\",\"x\":\"\xFF\"}"),
          std::string("{\"type\":\"heartbeat\"}\0", 21),
          R"({"type":"heartbeat","x":)" + repeat("[", 32) + repeat("]", 32) + "}"}) {
        const auto frame = decode(text);
        REQUIRE_FALSE(frame);
        CHECK(frame.error().code == FrameError::bad_frame);
        CHECK(frame.error().message.size() < 200);
    }
}

TEST_CASE("CBOR is held to the same rules") {
    const auto cbor = [](std::string_view hex) {
        return decode_device_frame(Format::cbor, from_hex(hex));
    };
    CHECK(cbor("a16474797065696865617274626561 74"));
    CHECK(cbor("bf647479706569686561727462656174ff"));
    // {"type":"heartbeat","type":"heartbeat"}
    CHECK_FALSE(cbor("a2647479706569686561727462656174647479706569686561727462656174"));
    // {"type":"heartbeat","x":{"a":1,"a":1}}
    CHECK_FALSE(cbor("a26474797065696865617274626561746178a2616101616101"));
    CHECK_FALSE(cbor("a164747970656968656172746265617400"));
    CHECK_FALSE(cbor("80"));
    CHECK(cbor("80").error().code == FrameError::bad_frame);
    CHECK(cbor("a1647479706561 78").error().code == FrameError::unknown_type);
    // {"type":"telemetry","channel":"c","data":h'fbff'}
    const auto telemetry =
        cbor("a3 6474797065 6974656c656d65747279 676368616e6e656c 6163 6464617461 42fbff");
    REQUIRE(telemetry);
    CHECK(std::get<Telemetry>(*telemetry).data == "\"-_8\"");
}
