#include "device-mgmt/broker/outbound_check.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::broker::is_mqtt_string;
using dm::broker::is_publishable;
using dm::broker::is_topic_name;
using dm::broker::OutboundMessage;
using dm::broker::packet_bytes;

TEST_CASE("an MQTT string is well-formed UTF-8 without characters a broker may hang up at") {
    CHECK(is_mqtt_string(""));
    CHECK(is_mqtt_string("plain"));
    CHECK(is_mqtt_string("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"));
    CHECK(is_mqtt_string("\xef\xbf\xbd"));
    CHECK(is_mqtt_string("\xf4\x8f\xbf\xbd"));

    CHECK_FALSE(is_mqtt_string(std::string("\0", 1)));
    CHECK_FALSE(is_mqtt_string("\n"));
    CHECK_FALSE(is_mqtt_string("\x7f"));
    CHECK_FALSE(is_mqtt_string("\xc2\x80"));          // C1 control
    CHECK_FALSE(is_mqtt_string("\xef\xbf\xbe"));      // U+FFFE
    CHECK_FALSE(is_mqtt_string("\xef\xb7\x90"));      // U+FDD0
    CHECK_FALSE(is_mqtt_string("\xf0\x9f\xbf\xbf"));  // U+1FFFF
    CHECK_FALSE(is_mqtt_string("\xc0\xaf"));          // overlong
    CHECK_FALSE(is_mqtt_string("\xe0\x80\xaf"));      // overlong
    CHECK_FALSE(is_mqtt_string("\xf0\x80\x80\xaf"));  // overlong
    CHECK_FALSE(is_mqtt_string("\xed\xa0\x80"));      // surrogate
    CHECK_FALSE(is_mqtt_string("\xf4\x90\x80\x80"));  // above U+10FFFF
    CHECK_FALSE(is_mqtt_string("\xe2\x82"));          // cut off
    CHECK_FALSE(is_mqtt_string("\x80"));
    CHECK_FALSE(is_mqtt_string("\xff"));
    CHECK(is_mqtt_string(std::string(65535, 'a')));
    CHECK_FALSE(is_mqtt_string(std::string(65536, 'a')));
}

TEST_CASE("a topic name has no wildcard, is not empty and not too deep") {
    CHECK(is_topic_name("dm/replies/d-1"));
    CHECK(is_topic_name(std::string(200, '/')));
    CHECK_FALSE(is_topic_name(std::string(201, '/')));
    CHECK_FALSE(is_topic_name(""));
    CHECK_FALSE(is_topic_name("a/+"));
    CHECK_FALSE(is_topic_name("a/#"));
    CHECK_FALSE(is_topic_name("a\nb"));
}

TEST_CASE("a message is checked in all its parts before it may leave") {
    OutboundMessage message;
    message.topic = "a";
    message.qos = 1;
    CHECK(is_publishable(message));
    message.correlation = std::string(65535, '\0');
    message.response_topic = "b";
    message.user_properties = {{"k", "v"}};
    CHECK(is_publishable(message));

    auto changed = message;
    changed.qos = 2;
    CHECK_FALSE(is_publishable(changed));
    changed = message;
    changed.correlation->push_back('x');
    CHECK_FALSE(is_publishable(changed));
    changed = message;
    changed.response_topic = "b/#";
    CHECK_FALSE(is_publishable(changed));
    changed = message;
    changed.user_properties.emplace_back("k", "line\r\nbreak");
    CHECK_FALSE(is_publishable(changed));
    changed = message;
    changed.payload.resize(dm::broker::kMaxPayloadBytes + 1);
    CHECK_FALSE(is_publishable(changed));
}

TEST_CASE("the packet size is an upper bound of what goes on the wire") {
    OutboundMessage message;
    message.topic = "abc";
    message.payload = "12345";
    // PUBLISH: 2 fixed header, 2 + 3 topic, 2 packet id, 1 property length, 5 payload.
    CHECK(packet_bytes(message) >= 15);
    message.response_topic = "rr";
    message.correlation = "c";
    message.user_properties = {{"k", "vv"}};
    CHECK(packet_bytes(message) >= 15 + 5 + 4 + 8);
}
