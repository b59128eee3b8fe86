#include "control/calls/calls.hpp"

#include <doctest/doctest.h>

using namespace dm::control;
using namespace std::chrono_literals;

namespace {

struct Bench final : CallListener {
    dm::core::Instant now{1h};
    std::vector<dm::broker::OutboundMessage> published;
    std::vector<std::string> told;
    Calls calls{
        dm::proto::Topics("dm"),
        "dm/responses/c/calls",
        [this](dm::broker::OutboundMessage message) { published.push_back(std::move(message)); },
        *this};

    void on_call_slow(const CallOrder& order) override {
        told.push_back(std::to_string(order.exchange) + " slow");
    }

    void on_call_event(const CallOrder& order, const CallEvent& event, bool begun) override {
        told.push_back(std::to_string(order.exchange) + " " + event.state +
                       (begun ? "" : " first"));
    }

    void on_call_end(const CallOrder& order, const CallEnd& end, bool begun) override {
        told.push_back(std::to_string(order.exchange) + " end " + end.state + end.code +
                       (begun ? "" : " first"));
    }

    void start(dm::http::ExchangeId exchange,
               const char* device,
               const char* id,
               CallMode mode = CallMode::stream) {
        dm::proto::CommandRequest command;
        command.id = id;
        command.command = "set";
        command.report_states = true;
        CallOrder order{exchange, *dm::proto::DeviceId::parse(device), command};
        order.mode = mode;
        order.operator_name = "alice";
        calls.start(std::move(order), now);
    }

    bool receive(const std::string& correlation, const std::string& payload) {
        dm::broker::InboundMessage message;
        message.correlation = correlation;
        message.payload = payload;
        return calls.take(message, now);
    }
};

}  // namespace

TEST_CASE("a call publishes its command with everything a node needs to answer it") {
    Bench bench;
    bench.start(1, "lamp-7", "c-1");
    REQUIRE(bench.published.size() == 1);
    const dm::broker::OutboundMessage& message = bench.published.front();
    CHECK(message.topic == "dm/commands/lamp-7");
    CHECK(message.qos == 1);
    CHECK_FALSE(message.retain);
    CHECK(message.response_topic == "dm/responses/c/calls");
    CHECK(message.correlation == "1");
    CHECK(message.payload.find("\"report\":\"states\"") != std::string::npos);
    CHECK(message.user_properties.front() ==
          std::pair<std::string, std::string>("operator", "alice"));
}

TEST_CASE("a reply goes to the call with its correlation data, device and id") {
    Bench bench;
    bench.start(1, "a", "x");
    bench.start(2, "b", "x");
    CHECK(bench.receive("2", R"({"id":"x","device":"b","state":"succeeded"})"));
    CHECK(bench.told == std::vector<std::string>{"2 succeeded first", "2 end succeeded"});
    CHECK_FALSE(bench.receive("2", R"({"id":"x","device":"b","state":"succeeded"})"));
    CHECK(bench.calls.size() == 1);
}

TEST_CASE("a reply that names another device or id reaches nobody") {
    Bench bench;
    bench.start(1, "a", "x");
    CHECK_FALSE(bench.receive("1", R"({"id":"x","device":"b","state":"succeeded"})"));
    CHECK_FALSE(bench.receive("1", R"({"id":"y","device":"a","state":"succeeded"})"));
    CHECK_FALSE(bench.receive("1", "nonsense"));
    CHECK_FALSE(bench.receive("nonsense", R"({"id":"x","device":"a","state":"succeeded"})"));
    CHECK(bench.told.empty());
    CHECK(bench.calls.crossed() == 3);
}

TEST_CASE("a stream that hears nothing for 40 ms begins all the same") {
    Bench bench;
    bench.start(1, "a", "x");
    CHECK(bench.calls.next() == bench.now + 40ms);
    bench.now += 40ms;
    bench.calls.advance(bench.now);
    CHECK(bench.told == std::vector<std::string>{"1 slow"});
    bench.receive("1", R"({"id":"x","device":"a","state":"accepted"})");
    CHECK(bench.told.back() == "1 accepted");
}

TEST_CASE("a caller that waits is told only the end") {
    Bench bench;
    bench.start(1, "a", "x", CallMode::wait);
    bench.receive("1", R"({"id":"x","device":"a","state":"accepted"})");
    CHECK(bench.told.empty());
    bench.receive("1", R"({"id":"x","device":"a","state":"failed"})");
    CHECK(bench.told == std::vector<std::string>{"1 end failed first"});
}

TEST_CASE("without a node the command is repeated with the same id and then given up") {
    Bench bench;
    bench.start(1, "a", "x", CallMode::wait);
    while (const auto next = bench.calls.next()) {
        bench.now = *next;
        bench.calls.advance(bench.now);
    }
    CHECK(bench.now == dm::core::Instant{1h} + 5s);
    CHECK(bench.published.size() == 3);
    CHECK(bench.published.back().payload == bench.published.front().payload);
    CHECK(bench.told == std::vector<std::string>{"1 end no_node first"});
}

TEST_CASE("a call whose caller left is forgotten") {
    Bench bench;
    bench.start(1, "a", "x");
    CHECK(bench.calls.gone(1));
    CHECK_FALSE(bench.calls.gone(1));
    CHECK(bench.calls.next() == std::nullopt);
    CHECK_FALSE(bench.receive("1", R"({"id":"x","device":"a","state":"succeeded"})"));
}

TEST_CASE("after a lost connection every open command is published again") {
    Bench bench;
    bench.start(1, "a", "x");
    bench.start(2, "b", "y");
    bench.calls.reconnected(bench.now);
    CHECK(bench.published.size() == 4);
}

TEST_CASE("at the end of the program every caller is told something") {
    Bench bench;
    bench.start(1, "a", "x", CallMode::wait);
    bench.receive("1", R"({"id":"x","device":"a","state":"accepted"})");
    bench.start(2, "b", "y", CallMode::wait);
    bench.calls.end_all();
    CHECK(bench.told.size() == 2);
    CHECK(bench.calls.size() == 0);
    CHECK(bench.calls.next() == std::nullopt);
}
