#include "protocol/operator_messages.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::chrono_literals;

namespace {

DeviceId device() {
    return *DeviceId::parse("lamp-7");
}

WallTime at(int ms) {
    return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace

TEST_CASE("a terminal message has what is known and nothing else") {
    Terminal terminal{
        "c-1", device(), "set", CommandState::succeeded, {}, {}, at(1), "node-1", 1, 12ms, {}};
    CHECK(to_json(terminal) ==
          R"({"id":"c-1","device":"lamp-7","command":"set","state":"succeeded",)"
          R"("time":"1970-01-01T00:00:00.001Z","node":"node-1","attempts":1,"latency_ms":12})");
    terminal.state = CommandState::failed;
    terminal.status = "rejected";
    terminal.data = "[1,  2]";
    terminal.error = ErrorDetail{"device_rejected", "no"};
    CHECK(to_json(terminal) ==
          R"({"id":"c-1","device":"lamp-7","command":"set","state":"failed","status":"rejected",)"
          R"("data":[1,  2],"time":"1970-01-01T00:00:00.001Z","node":"node-1","attempts":1,)"
          R"("latency_ms":12,"error":{"code":"device_rejected","message":"no"}})");
}

TEST_CASE("a rejection says null where nothing is known") {
    CHECK(to_json(RejectionMessage{{}, {}, Rejection::too_large, "m", at(0), "n"}) ==
          R"({"id":null,"device":null,"state":"rejected","time":"1970-01-01T00:00:00.000Z",)"
          R"("node":"n","error":{"code":"too_large","message":"m"}})");
    CHECK(to_json(RejectionMessage{"c", "d", Rejection::busy, "m", at(0), "n"})
              .find(R"("id":"c","device":"d")") != std::string::npos);
}

TEST_CASE("a status names the state and the attempt") {
    CHECK(to_json(Status{"c", device(), "sent", 2, at(0), "n", {}, {}, 17}) ==
          R"({"id":"c","device":"lamp-7","state":"sent","attempt":2,)"
          R"("time":"1970-01-01T00:00:00.000Z","node":"n","seq":17})");
    CHECK(to_json(Status{"c", device(), "late", 2, at(0), "n", "ok", "{}", {}}) ==
          R"({"id":"c","device":"lamp-7","state":"late","attempt":2,"status":"ok","data":{},)"
          R"("time":"1970-01-01T00:00:00.000Z","node":"n"})");
}

TEST_CASE("presence tells who is where since when") {
    CHECK(to_json(Presence{device(), true, 9007199254740991, "n", at(0), "connected", "L1", {}}) ==
          R"({"device":"lamp-7","online":true,"epoch":9007199254740991,"node":"n",)"
          R"("since":"1970-01-01T00:00:00.000Z","reason":"connected","model":"L1"})");
    CHECK(to_json(Presence{device(), false, 1, "n", at(0), "drain", {}, "2.0"})
              .find(R"("online":false)") != std::string::npos);
}

TEST_CASE("a node describes itself") {
    CHECK(to_json(NodeInfo{"n", "up", 5, 100, "wss://h:1", "1.2", "b"}) ==
          R"({"node":"n","state":"up","sessions":5,"capacity":100,"url":"wss://h:1",)"
          R"("version":"1.2","boot":"b"})");
}

TEST_CASE("telemetry without a time of the device's gets the server's") {
    CHECK(to_json(device(), Telemetry{*Name::parse("temp"), "21.50", {}}, at(5), "n") ==
          R"({"device":"lamp-7","channel":"temp","data":21.50,)"
          R"("time":"1970-01-01T00:00:00.005Z","node":"n"})");
    CHECK(to_json(device(), Telemetry{*Name::parse("temp"), "21.50", at(1)}, at(5), "n") ==
          R"({"device":"lamp-7","channel":"temp","data":21.50,)"
          R"("time":"1970-01-01T00:00:00.001Z","received":"1970-01-01T00:00:00.005Z","node":"n"})");
}

TEST_CASE("an alert is passed on with its severity") {
    CHECK(to_json(device(), Alert{Severity::critical, "hot", {}, {}}, at(5), "n") ==
          R"({"device":"lamp-7","severity":"critical","message":"hot",)"
          R"("time":"1970-01-01T00:00:00.005Z","node":"n"})");
}
