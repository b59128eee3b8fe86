#include "protocol/frame_codec.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::chrono_literals;

namespace {

auto decode(std::string_view text) {
    return decode_server_frame(Format::json, text);
}

}  // namespace

TEST_CASE("a device reads its welcome") {
    const auto frame =
        decode(R"({"type":"welcome","device":"lamp-7","node":"n","epoch":9007199254740991,)"
               R"("heartbeat_s":20,"max_message_bytes":65536,"time":"2026-01-01T00:00:00.000Z"})");
    REQUIRE(frame);
    const auto& welcome = std::get<Welcome>(*frame);
    CHECK(welcome.device.str() == "lamp-7");
    CHECK(welcome.epoch == 9007199254740991);
    CHECK(welcome.heartbeat == 20s);
    CHECK(welcome.max_message_bytes == 65536);
    CHECK_FALSE(welcome.expires_at);
}

TEST_CASE("a device reads a command and keeps its args") {
    const auto frame =
        decode(R"({"type":"command","id":"c","command":"set","args":{ "x" : 1.0 },)"
               R"("time":"2026-01-01T00:00:00.000Z","expires_at":"2026-01-01T00:00:30.000Z",)"
               R"("expires_in_ms":30000,"attempt":1})");
    REQUIRE(frame);
    const auto& command = std::get<CommandFrame>(*frame);
    CHECK(command.args == R"({ "x" : 1.0 })");
    CHECK(command.expires_in == 30s);
}

TEST_CASE("a server's frame that breaks the protocol is refused with a reason") {
    for (const auto& example :
         {std::pair{R"({"type":"welcome"})", "device is missing"},
          {R"({"type":"reply_ack","id":"a","result":"lost"})",
           "result must be stored, duplicate, late or unknown"},
          {R"({"type":"message","data":1})", "stream or group must be there, and not both"},
          {R"({"type":"message","data":1,"stream":"a","group":"b"})",
           "stream or group must be there, and not both"},
          {R"({"type":"heartbeat"})", "time is missing"},
          {R"({"type":"error","code":"nope","message":"m"})", "code is not known"},
          {R"({"type":"command","id":"a","command":"b","args":[]})", "args must be an object"}}) {
        const std::string text = example.first;
        const std::string message = example.second;

        CAPTURE(std::string(text));
        const auto frame = decode(text);
        REQUIRE_FALSE(frame);
        CHECK(frame.error().code == FrameError::bad_frame);
        CHECK(frame.error().message == message);
    }
    CHECK(decode(R"({"type":"reply"})").error().code == FrameError::unknown_type);
    CHECK(decode(R"({"type":7})").error().code == FrameError::bad_frame);
}
