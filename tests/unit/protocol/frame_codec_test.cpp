#include "protocol/frame_codec.hpp"

#include <doctest/doctest.h>

using namespace dm::proto;

TEST_CASE("a reply keeps the text of its data") {
    const auto frame = decode_device_frame(
        Format::json,
        R"({"type":"reply","id":"a","status":"ok","data": { "x":1.50,"y":[1 ,2]} ,"n":12})");
    REQUIRE(frame);
    const auto& reply = std::get<Reply>(*frame);
    CHECK(reply.id == "a");
    CHECK(reply.status == "ok");
    CHECK(reply.data == R"({ "x":1.50,"y":[1 ,2]})");
}

TEST_CASE("a reply survives the way through CBOR") {
    const std::string cbor = encode(
        Format::cbor, DeviceFrame{Reply{"a", "ok", R"({"x":1.5,"y":[1,-2,"z",null]})", {}, 2}});
    const auto frame = decode_device_frame(Format::cbor, cbor);
    REQUIRE(frame);
    CHECK(std::get<Reply>(*frame).data == R"({"x":1.5,"y":[1,-2,"z",null]})");
    CHECK(std::get<Reply>(*frame).attempt == 2U);
}
