#include "control/api/broadcasts.hpp"

#include "tests/unit/control/fake_responder.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::control;
using dm::test::FakeResponder;
using namespace std::chrono_literals;

namespace {

constexpr const char* kAddressed =
    R"({"id":"n","group":"g","state":"addressed","node":"node-1","addressed":2,"part":1,"parts":1,"devices":["a","b"]})";
constexpr const char* kUnknown =
    R"({"id":"n","device":null,"state":"rejected","node":"node-2","error":{"code":"unknown_group","message":"no such group"}})";

std::string end_of(const std::string& device, const std::string& state) {
    return R"({"id":"n.)" + device + R"(","device":")" + device + R"(","state":")" + state +
           R"("})";
}

struct Bench {
    dm::core::Instant now{1h};
    FakeResponder responder;
    std::vector<dm::broker::OutboundMessage> published;
    std::vector<std::string> refused;
    bool reads = true;
    Broadcasts broadcasts{
        responder,
        dm::proto::Topics("dm"),
        "r",
        [this](auto message) { published.push_back(std::move(message)); },
        [this](auto /*exchange*/, const Problem& problem) { refused.push_back(problem.code); }};

    void start(const std::string& body) {
        dm::http::HttpRequest request;
        request.body = body;
        auto wish = read_broadcast(request);
        if (auto* command = std::get_if<dm::proto::CommandRequest>(&wish->request)) {
            command->id = "n";
        }
        broadcasts.start(1, *wish, "alice", now);
    }

    void receive(const std::string& payload, std::size_t nodes) {
        dm::broker::InboundMessage message;
        message.correlation = "1";
        message.payload = payload;
        broadcasts.take(message, nodes, now);
        if (reads) {
            broadcasts.drained(1);
        }
    }

    bool told(const std::string& text) {
        return responder.of[1].stream.find(text) != std::string::npos;
    }
};

}  // namespace

TEST_CASE("a command to a group tells whom it addresses, each end, and the numbers") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    CHECK(bench.published.front().topic == "dm/broadcast/g");
    bench.receive(kAddressed, 1);
    CHECK(bench.told("event: addressed\n"));
    bench.receive(end_of("a", "succeeded"), 1);
    bench.receive(end_of("a", "succeeded"), 1);
    CHECK_FALSE(bench.responder.of[1].ended);
    bench.receive(end_of("b", "timed_out"), 1);
    CHECK(bench.responder.of[1].ended);
    CHECK(bench.told(R"("why":"complete","nodes":1,"addressed":2,"succeeded":1,)"));
    CHECK(bench.told(R"("timed_out":1)"));
    CHECK(bench.told(R"("open":0)"));
}

TEST_CASE("ends of fast devices may come before anything else") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    bench.receive(end_of("a", "succeeded"), 1);
    bench.receive(end_of("b", "succeeded"), 1);
    CHECK_FALSE(bench.responder.of[1].ended);
    bench.receive(kAddressed, 1);
    CHECK(bench.responder.of[1].ended);
}

TEST_CASE("every node that is up is waited for, but not longer than five seconds") {
    Bench bench;
    bench.start(R"({"group":"all","data":1})");
    bench.receive(R"({"group":"all","state":"sent","node":"node-1","addressed":3,"sent":2})", 2);
    CHECK_FALSE(bench.responder.of[1].ended);
    bench.now += 5s;
    bench.broadcasts.tick(2, bench.now);
    bench.broadcasts.drained(1);
    CHECK(bench.responder.of[1].ended);
    CHECK(bench.told(R"("addressed":3,"sent":2)"));
}

TEST_CASE("a group that no node knows is refused") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    bench.receive(kUnknown, 1);
    CHECK(bench.refused == std::vector<std::string>{"unknown_group"});
    CHECK(bench.broadcasts.size() == 0);
}

TEST_CASE("a group that one of two nodes knows is not refused") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    bench.receive(kUnknown, 2);
    bench.receive(kAddressed, 2);
    CHECK(bench.refused.empty());
    bench.receive(end_of("a", "failed"), 2);
    bench.receive(end_of("b", "rejected"), 2);
    CHECK(bench.responder.of[1].ended);
}

TEST_CASE("without any answer a broadcast is refused after five seconds") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    bench.now += 5s;
    bench.broadcasts.tick(1, bench.now);
    CHECK(bench.refused == std::vector<std::string>{"no_node"});
}

TEST_CASE("only a command is published again after a lost connection") {
    Bench bench;
    bench.start(R"({"group":"all","data":1})");
    bench.start(R"({"group":"all","command":"set"})");
    bench.broadcasts.reconnected();
    CHECK(bench.published.size() == 3);
}

TEST_CASE("who reads slowly gets lists, not one event for each, and every device is in them") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    bench.reads = false;
    std::string names;
    for (int i = 0; i < 9000; ++i) {
        names += (i == 0 ? "\"device-" : ",\"device-") + std::to_string(i) + "\"";
    }
    bench.receive(R"({"id":"n","group":"g","state":"addressed","node":"node-1","addressed":9000,)"
                  R"("part":1,"parts":1,"devices":[)" +
                      names + "]}",
                  1);
    for (int i = 0; i < 9000; ++i) {
        const bool is_good = i < 1000 || i >= 2000;
        bench.receive(end_of("device-" + std::to_string(i), is_good ? "succeeded" : "failed"), 1);
    }
    std::string all;
    std::size_t longest = 0;
    while (!bench.responder.of[1].ended) {
        const std::string batch = bench.responder.take(1);
        longest = std::max(longest, batch.size());
        all += batch;
        bench.broadcasts.drained(1);
    }
    all += bench.responder.take(1);
    CHECK(longest <= BroadcastStream::kMaxTextBytes);
    CHECK(all.find(R"("why":"complete","nodes":1,"addressed":9000,"succeeded":8000,)") !=
          std::string::npos);
    for (int i = 0; i < 9000; ++i) {
        const std::string name = "\"device-" + std::to_string(i) + "\"";
        const std::size_t addressed = all.find(name);
        REQUIRE(addressed != std::string::npos);
        REQUIRE(all.find(name, addressed + 1) != std::string::npos);
    }
    CHECK(bench.broadcasts.size() == 0);
}

TEST_CASE("a reader that has caught up gets events again") {
    Bench bench;
    bench.start(R"({"group":"g","command":"set"})");
    bench.receive(R"({"id":"n","group":"g","state":"addressed","node":"node-1","addressed":1001})",
                  1);
    bench.reads = false;
    for (int i = 0; i < 1000; ++i) {
        bench.receive(end_of("device-" + std::to_string(i), "succeeded"), 1);
    }
    for (int turn = 0; turn < 4; ++turn) {
        bench.broadcasts.drained(1);
    }
    CHECK(bench.told("event: ends\ndata: {\"state\":\"succeeded\",\"devices\":[\"device-"));
    bench.responder.take(1);
    bench.receive(end_of("last", "failed"), 1);
    bench.broadcasts.drained(1);
    CHECK(bench.told("event: failed\n"));
    CHECK(bench.told(R"("succeeded":1000,"failed":1,)"));
    CHECK(bench.responder.of[1].ended);
}

TEST_CASE("a list of devices that is told again is not kept twice") {
    BroadcastProgress progress;
    CHECK(progress.take(kAddressed).name == "addressed");
    CHECK(progress.take(kAddressed).name == "addressed");
    CHECK(progress.devices() == std::vector<std::string>{"a", "b"});
}
