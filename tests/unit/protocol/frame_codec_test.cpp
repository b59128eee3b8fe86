#include "protocol/frame_codec.hpp"

#include "tests/unit/protocol/bytes.hpp"
#include "tests/unit/protocol/frame_equality.hpp"

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::chrono_literals;

namespace {

WallTime at(std::int64_t unix_ms) {
    return WallTime(std::chrono::milliseconds(unix_ms));
}

const WallTime kInstant = at(1'795'335'330'123);

// JSON text as both encodings give it back: no white space, floats in their shortest form.
const std::string kSomeData = R"({"z":1,"a":[1.5,-2,true,null,"\"ü\u0000😀",{}],"m":1e+300})";

std::vector<DeviceFrame> device_frames() {
    const auto stream = [](bool is_private, std::string_view name) {
        return StreamName{is_private, *Name::parse(name)};
    };
    return {Hello{},
            Hello{"L1", "2.0 \"beta\"\n", R"({"site":"x","room":"7"})"},
            Heartbeat{},
            Ack{"c-1"},
            Reply{"c-1", "ok", {}, {}, {}},
            Reply{"c \xE2\x82\xAC", "weird \t status", kSomeData, kInstant, 4294967295U},
            Reply{"c", "ok", "null", at(-1), 1U},
            Telemetry{*Name::parse("temp"), "21.5", {}},
            Telemetry{*Name::parse("temp"), kSomeData, kInstant},
            Alert{Severity::critical, "hot", {}, {}},
            Alert{Severity::info, "", kSomeData, kInstant},
            Subscribe{{}},
            Subscribe{{stream(false, "a"), stream(true, "b")}},
            Unsubscribe{{stream(true, "b")}},
            Token{"a.b.c"}};
}

std::vector<ServerFrame> server_frames() {
    const DeviceId device = *DeviceId::parse("lamp:7@hall");
    return {Welcome{device, "n", (1ULL << 53U) - 1, 20s, 65536, kInstant, {}},
            Welcome{device, "n", 0, 1s, 1, kInstant, at(0)},
            CommandFrame{"c", "set", "{}", kInstant, at(0), 30'000ms, 1},
            CommandFrame{"c", "set \"x\"", kSomeData, kInstant, at(0), 0ms, 2},
            ReplyAck{"c", ReplyResult::duplicate},
            StreamMessage{"public.news", {}, kSomeData},
            StreamMessage{{}, "all", "\"x\""},
            HeartbeatAnswer{kInstant},
            TokenOk{kInstant},
            Reconnect{"drain", 1500ms, {}},
            Reconnect{"drain", 0ms, "wss://other:8443/v1/device"},
            ErrorFrame{FrameError::bad_frame, "m", {}},
            ErrorFrame{FrameError::rate_limited, "m", "c"}};
}

}  // namespace

TEST_CASE("every frame of a device survives both encodings") {
    std::set<std::string_view> types;
    for (const DeviceFrame& frame : device_frames()) {
        types.insert(type_of(frame));
        for (const Format format : {Format::json, Format::cbor}) {
            CAPTURE(type_of(frame));
            CAPTURE(static_cast<int>(format));
            const auto decoded = decode_device_frame(format, encode(format, frame));
            if (!decoded) {
                FAIL(decoded.error().message);
            }
            CHECK(test::equal(*decoded, frame));
        }
    }
    CHECK(types.size() == std::variant_size_v<DeviceFrame>);
}

TEST_CASE("every frame of the server survives both encodings") {
    std::set<std::string_view> types;
    for (const ServerFrame& frame : server_frames()) {
        types.insert(type_of(frame));
        for (const Format format : {Format::json, Format::cbor}) {
            CAPTURE(type_of(frame));
            CAPTURE(static_cast<int>(format));
            const auto decoded = decode_server_frame(format, encode(format, frame));
            if (!decoded) {
                FAIL(decoded.error().message);
            }
            CHECK(test::equal(*decoded, frame));
        }
    }
    CHECK(types.size() == std::variant_size_v<ServerFrame>);
}

TEST_CASE("frames that differ are not equal") {
    // The comparison that the tests above rely on can fail.
    CHECK_FALSE(test::equal(DeviceFrame{Ack{"a"}}, DeviceFrame{Ack{"b"}}));
    CHECK_FALSE(test::equal(DeviceFrame{Ack{"a"}}, DeviceFrame{Heartbeat{}}));
}

TEST_CASE("args travel as the text that came in") {
    const std::string args = R"({ "b" : 1.00, "a":[ 1E2 ] })";
    const std::string text =
        encode(Format::json, ServerFrame{CommandFrame{"c", "x", args, kInstant, kInstant, 1s, 1}});
    CHECK(text.find(args) != std::string::npos);
}

TEST_CASE("args keep their order and their numbers in CBOR") {
    const std::string bytes =
        encode(Format::cbor,
               ServerFrame{CommandFrame{"c",
                                        "x",
                                        R"({"b":18446744073709551615,"a":-9223372036854775808})",
                                        kInstant,
                                        kInstant,
                                        1s,
                                        1}});
    CHECK(test::to_hex(bytes).find("6461726773a261621bffffffffffffffff61613b7fffffffffffffff") !=
          std::string::npos);
}

TEST_CASE("a server-made text may hold any bytes") {
    const ServerFrame frame = ErrorFrame{FrameError::bad_frame, "bytes \xFF\"", "i\xC0"};
    for (const Format format : {Format::json, Format::cbor}) {
        const auto decoded = decode_server_frame(format, encode(format, frame));
        REQUIRE(decoded);
        CHECK(std::get<ErrorFrame>(*decoded).message == "bytes \xEF\xBF\xBD\"");
    }
}

TEST_CASE("no byte string at all is accepted by mistake or breaks the decoder") {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
            REQUIRE_FALSE(decode_device_frame(Format::json, bytes));
            REQUIRE_FALSE(decode_device_frame(Format::cbor, bytes));
        }
    }
}

TEST_CASE("a frame cut off anywhere is refused") {
    for (const DeviceFrame& frame : device_frames()) {
        for (const Format format : {Format::json, Format::cbor}) {
            const std::string bytes = encode(format, frame);
            for (std::size_t length = 0; length < bytes.size(); ++length) {
                REQUIRE_FALSE(decode_device_frame(format, bytes.substr(0, length)));
            }
        }
    }
}

TEST_CASE("CBOR that would grow beyond the limit as JSON is refused") {
    // Every control character becomes six bytes of JSON.
    std::string data;
    for (int i = 0; i < 20'000; ++i) {
        data += "\\u0001";
    }
    const Reply reply{"c-1", "ok", "\"" + data + "\"", {}, {}};
    const std::string cbor = encode(Format::cbor, DeviceFrame{reply});
    CHECK(cbor.size() < kMaxDeviceFrameJsonBytes);
    const auto decoded = decode_device_frame(Format::cbor, cbor);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == FrameError::bad_frame);
}
