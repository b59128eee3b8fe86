#include "device-mgmt/config_rules.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::rules;

TEST_CASE("a broker URL is scheme, host and perhaps port") {
    for (const char* good : {"mqtt://localhost",
                             "mqtt://127.0.0.1:1883",
                             "mqtts://broker.example:8883",
                             "mqtts://[::1]:8883",
                             "mqtt://[fe80::1]"}) {
        CAPTURE(good);
        CHECK_FALSE(broker_url(good));
    }
    for (const char* bad : {"",
                            "localhost:1883",
                            "tcp://localhost",
                            "mqtt://",
                            "mqtt://:1883",
                            "mqtt://host:",
                            "mqtt://host:0",
                            "mqtt://host:65536",
                            "mqtt://host:1x",
                            "mqtt://host/path",
                            "mqtt://user:secret@host",
                            "mqtt://::1:1883",
                            "mqtt://[::1",
                            "mqtt://[host]",
                            "MQTT://host"}) {
        CAPTURE(bad);
        CHECK(broker_url(bad));
    }
}

TEST_CASE("a prefix is topic levels without wildcards") {
    CHECK_FALSE(topic_prefix("dm"));
    CHECK_FALSE(topic_prefix("plant/berlin/dm"));
    for (const char* bad : {"", "/dm", "dm/", "a//b", "a/+", "#", "$SYS", "\xFF"}) {
        CAPTURE(bad);
        CHECK(topic_prefix(bad));
    }
    CHECK(topic_prefix(std::string(129, 'x')));
    CHECK(topic_prefix(std::string{"a\0b", 3}));
}

TEST_CASE("origins, addresses and names are checked") {
    CHECK_FALSE(origin("https://console.example"));
    CHECK_FALSE(origin("http://localhost:8080"));
    CHECK(origin("https://console.example/"));
    CHECK(origin("*"));
    CHECK_FALSE(ip_address("0.0.0.0"));
    CHECK_FALSE(ip_address("::"));
    CHECK(ip_address("localhost"));
    CHECK(ip_address(""));
    CHECK_FALSE(node_name("node-1.rack_2"));
    CHECK(node_name("node/1"));
    CHECK_FALSE(node_url("wss://node-1.example:8443"));
    CHECK(node_url("https://node-1.example"));
    CHECK_FALSE(topic_filter("answers/#"));
    CHECK(topic_filter("answers/#/x"));
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1") {
    CHECK(is_loopback("127.0.0.1"));
    CHECK(is_loopback("127.9.9.9"));
    CHECK(is_loopback("::1"));
    CHECK_FALSE(is_loopback("0.0.0.0"));
    CHECK_FALSE(is_loopback("12.7.0.1"));
}
