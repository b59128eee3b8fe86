#include "control/api/follows.hpp"

#include "tests/unit/control/fake_responder.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace dm::control;
using dm::test::FakeResponder;
using namespace std::chrono_literals;

namespace {

const auto kDevice = *dm::proto::DeviceId::parse("lamp-7");

std::string answer(const std::string& state,
                   const std::string& history,
                   const std::string& more = "") {
    return R"({"query":"command","command":{"device":"lamp-7","id":"c-1","state":")" + state +
           R"(","attempts":1,"history":[)" + history + "]" + more + "}}";
}

constexpr const char* kAccepted =
    R"({"seq":10,"state":"accepted","attempt":0,"time":"2026-11-22T08:15:30.000Z","node":"n"})";
constexpr const char* kSent =
    R"({"seq":20,"state":"sent","attempt":1,"time":"2026-11-22T08:15:30.010Z","node":"n"})";
constexpr const char* kEnd =
    R"({"seq":30,"state":"succeeded","attempt":1,"time":"2026-11-22T08:15:30.020Z","node":"n"})";

struct Bench {
    dm::core::Instant now{1h};
    FakeResponder responder;
    std::vector<dm::broker::OutboundMessage> published;
    std::vector<std::string> refused;
    Queries queries{
        "dm/queries", "r", [this](auto message) { published.push_back(std::move(message)); }};
    Follows follows{responder,
                    queries,
                    [this] { return now; },
                    [this](auto /*exchange*/, const QueryProblem& problem) {
                        refused.push_back(problem.code);
                    }};

    void receive(const std::string& payload) {
        dm::broker::InboundMessage message;
        message.correlation = published.back().correlation;
        message.payload = payload;
        queries.take(message);
    }
};

}  // namespace

TEST_CASE("steps become events with their numbers as ids, and the terminal message is the end") {
    const auto steps = read_steps({answer("succeeded",
                                          std::string(kAccepted) + "," + kSent + "," + kEnd,
                                          R"(,"terminal":{"state":"succeeded","data":1.50})")},
                                  kDevice,
                                  "c-1",
                                  10);
    REQUIRE(steps);
    CHECK(steps->events ==
          "event: sent\nid: 20\ndata: {\"id\":\"c-1\",\"device\":\"lamp-7\",\"state\":\"sent\","
          "\"attempt\":1,\"time\":\"2026-11-22T08:15:30.010Z\",\"node\":\"n\"}\n\n"
          "event: succeeded\nid: 30\ndata: {\"state\":\"succeeded\",\"data\":1.50}\n\n");
    CHECK(steps->after == 30);
    CHECK(steps->ended);
}

TEST_CASE("a history that is cut has not ended yet") {
    const auto steps =
        read_steps({answer("succeeded", kAccepted, R"(,"history_cut":true)")}, kDevice, "c-1", 0);
    REQUIRE(steps);
    CHECK(steps->cut);
    CHECK_FALSE(steps->ended);
}

TEST_CASE("an answer without a command is none") {
    CHECK_FALSE(read_steps({"{}"}, kDevice, "c-1", 0));
    CHECK_FALSE(read_steps({R"({"command":{"state":1}})"}, kDevice, "c-1", 0));
}

TEST_CASE("a follower asks from its place on, again after a hint, and ends with the command") {
    Bench bench;
    bench.follows.start(1, kDevice, "c-1", 10, bench.now);
    CHECK(bench.published.back().payload.find("\"after_seq\":10") != std::string::npos);
    CHECK_FALSE(bench.responder.of[1].begun);
    bench.receive(answer("sent", kSent));
    CHECK(bench.responder.of[1].begun);
    bench.follows.hint("lamp-7", "c-2", bench.now);
    bench.follows.hint("lamp-7", "c-1", bench.now);
    bench.now += 20ms;
    bench.follows.advance(bench.now);
    CHECK(bench.published.back().payload.find("\"after_seq\":20") != std::string::npos);
    bench.receive(answer("succeeded", kEnd));
    CHECK(bench.responder.of[1].ended);
    CHECK(bench.follows.size() == 0);
    CHECK(bench.follows.next() == std::nullopt);
}

TEST_CASE("a command that nobody knows is refused before a stream begins") {
    Bench bench;
    bench.follows.start(1, kDevice, "c-1", 0, bench.now);
    bench.receive(R"({"query":"command","error":{"code":"not_found","message":"id: no"}})");
    CHECK(bench.refused == std::vector<std::string>{"not_found"});
    CHECK_FALSE(bench.responder.of[1].begun);
    CHECK(bench.follows.size() == 0);
}

TEST_CASE("a follower that left is forgotten") {
    Bench bench;
    bench.follows.start(1, kDevice, "c-1", 0, bench.now);
    CHECK(bench.follows.gone(1));
    CHECK_FALSE(bench.follows.gone(1));
    bench.receive(answer("sent", kSent));
    CHECK_FALSE(bench.responder.of[1].begun);
}
