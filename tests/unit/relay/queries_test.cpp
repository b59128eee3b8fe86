#include "device-mgmt/relay/queries.hpp"

#include "tests/support/device_ids.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/memory_store.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using namespace std::chrono_literals;
using test::device_id;

/// Queries to a store that answers when told.
class Desk {
public:
    explicit Desk(double max_per_s = 1e9) : max_per_s_(max_per_s) {}

    void ask(const std::string& payload, std::string correlation = "q") {
        queries.ask({proto::parse_query(payload), {"answers/me", std::move(correlation)}});
    }

    void run() {
        while (!posted.empty()) {
            const auto next = std::move(posted.front());
            posted.pop_front();
            next();
        }
    }

    /// The answer to a question, which must be the only one.
    std::string answer(const std::string& payload) {
        answers.clear();
        ask(payload);
        run();
        REQUIRE(answers.size() == 1);
        return answers[0].first;
    }

    void accept(const std::string& device, const std::string& id) {
        const core::Moment now = clock.now();
        store.accept({{device_id(device), id},
                      {"set", "{}", 30s, 60s},
                      proto::Delivery::at_least_once,
                      false,
                      {},
                      {},
                      "alice",
                      1,
                      now,
                      {now.mono + 60s, now.wall + 60s},
                      {}},
                     [] {});
        run();
    }

    void mark(const std::string& device, const std::string& id, proto::CommandState state) {
        store.mark({{device_id(device), id}, state, 1, std::nullopt, clock.now().wall, ""});
    }

    test::ManualClock clock;
    std::deque<std::function<void()>> posted;
    std::vector<std::pair<std::string, core::ReplyTo>> answers;
    ops::Metrics metrics{"test"};

private:
    double max_per_s_;

public:
    test::MemoryStore store{{24h, 1000, "n1"}, [this](std::function<void()> done) {
                                posted.push_back(std::move(done));
                            }};
    Queries queries{{"n1", max_per_s_},
                    store,
                    metrics,
                    [this] { return clock.now(); },
                    [this](std::string answer, const core::ReplyTo& to) {
                        answers.emplace_back(std::move(answer), to);
                    }};
};

bool has(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

std::string seqs(const std::vector<proto::CommandStep>& steps) {
    std::string text;
    for (const proto::CommandStep& step : steps) {
        text += std::to_string(step.seq) + " ";
    }
    return text;
}

store::HistoryEntry at(std::int64_t ms) {
    return {
        proto::WallTime(std::chrono::milliseconds(ms)), proto::CommandState::queued, 0, "n1", ""};
}

}  // namespace

TEST_CASE("a command is answered with its history, to whoever asked") {
    Desk desk;
    desk.accept("d-1", "c-1");
    desk.clock.advance(5ms);
    desk.mark("d-1", "c-1", proto::CommandState::sent);
    const std::string answer = desk.answer(R"({"query":"command","device":"d-1","id":"c-1"})");
    CHECK(has(answer, R"("query":"command","node":"n1")"));
    CHECK(has(answer, R"("state":"sent","attempts":1)"));
    CHECK(has(answer, R"("operator":"alice")"));
    CHECK(has(answer, R"("seq":1800000000000,"state":"accepted")"));
    CHECK(has(answer, R"("seq":1800000000005,"state":"sent")"));
    CHECK(desk.answers[0].second.topic == "answers/me");
    CHECK(desk.answers[0].second.correlation == "q");
    CHECK(desk.queries.in_flight() == 0);
}

TEST_CASE("a command is followed by the numbers of its steps") {
    Desk desk;
    desk.accept("d-1", "c-1");
    desk.clock.advance(5ms);
    desk.mark("d-1", "c-1", proto::CommandState::sent);
    const std::string answer =
        desk.answer(R"({"query":"command","device":"d-1","id":"c-1","after_seq":1800000000000})");
    CHECK_FALSE(has(answer, R"("state":"accepted")"));
    CHECK(has(answer, R"("seq":1800000000005)"));
}

TEST_CASE("a step's number is its time, or one more than the last: it stays when others go") {
    CHECK(seqs(numbered({at(100), at(100), at(90), at(101), at(200)}, 0)) ==
          "100 101 102 103 200 ");
    CHECK(seqs(numbered({at(100), at(100), at(200)}, 100)) == "101 200 ");
    // A crash has lost the last step; what follows is behind its number all the same.
    CHECK(seqs(numbered({at(100), at(100), at(300)}, 200)) == "300 ");
    CHECK(seqs(numbered({at(-5)}, 0)) == "1 ");
}

TEST_CASE("an id alone finds the command, or lists the devices that have one") {
    Desk desk;
    desk.accept("d-1", "c-1");
    CHECK(has(desk.answer(R"({"query":"command","id":"c-1"})"), R"("command":{"device":"d-1")"));
    desk.accept("d-2", "c-1");
    const std::string answer = desk.answer(R"({"query":"command","id":"c-1"})");
    CHECK(has(answer, R"("commands":[{)"));
    CHECK(has(answer, R"("device":"d-1")"));
    CHECK(has(answer, R"("device":"d-2")"));
    CHECK_FALSE(has(answer, "commands_cut"));
}

TEST_CASE("what does not exist is not found") {
    Desk desk;
    for (const std::string payload : {R"({"query":"command","device":"d-1","id":"c-1"})",
                                      R"({"query":"command","id":"c-1"})",
                                      R"({"query":"device","device":"d-1"})"}) {
        CHECK(has(desk.answer(payload), R"("error":{"code":"not_found")"));
    }
    CHECK(has(desk.answer(R"({"query":"commands","device":"d-1"})"), R"("commands":[])"));
    CHECK(has(desk.answer(R"({"query":"devices"})"), R"("devices":[])"));
}

TEST_CASE("a device's commands are listed a page at a time") {
    Desk desk;
    for (const std::string id : {"c-1", "c-2", "c-3"}) {
        desk.accept("d-1", id);
    }
    const std::string first = desk.answer(R"({"query":"commands","device":"d-1","limit":2})");
    CHECK(has(first, R"("id":"c-3")"));
    CHECK(has(first, R"("id":"c-2")"));
    CHECK_FALSE(has(first, R"("id":"c-1")"));
    const std::size_t cursor = first.find(R"("cursor":")") + 10;
    const std::string second =
        desk.answer(R"({"query":"commands","device":"d-1","limit":2,"cursor":")" +
                    first.substr(cursor, first.find('"', cursor) - cursor) + R"("})");
    CHECK(has(second, R"("id":"c-1")"));
    CHECK_FALSE(has(second, "cursor"));
    CHECK(has(desk.answer(R"({"query":"commands","device":"d-1","state":"failed"})"),
              R"("commands":[])"));
}

TEST_CASE("devices are answered as the store knows them") {
    Desk desk;
    const proto::WallTime now = desk.clock.now().wall;
    desk.store.save_device(
        {device_id("d-1"), true, 7, "n1", now, "connected", "L1", {}, {}, {}, now, now});
    CHECK(has(desk.answer(R"({"query":"device","device":"d-1"})"),
              R"("device":{"device":"d-1","online":true,"epoch":7)"));
    CHECK(has(desk.answer(R"({"query":"devices","online":true})"), R"("model":"L1")"));
    CHECK(has(desk.answer(R"({"query":"devices","online":false})"), R"("devices":[])"));
}

TEST_CASE("a question that is wrong is answered without the store") {
    Desk desk;
    desk.ask(R"({"query":"device"})");
    REQUIRE(desk.answers.size() == 1);
    CHECK(has(desk.answers[0].first,
              R"("error":{"code":"bad_request","message":"device is missing"})"));
}

TEST_CASE("queries under way are bounded, and those beyond are told") {
    Desk desk;
    for (std::size_t i = 0; i <= Queries::kMaxInFlight; ++i) {
        desk.ask(R"({"query":"devices"})");
    }
    REQUIRE(desk.answers.size() == 1);
    CHECK(has(desk.answers[0].first, R"("code":"busy")"));
    desk.run();
    CHECK(desk.answers.size() == Queries::kMaxInFlight + 1);
}

TEST_CASE("queries per second are bounded") {
    Desk desk(5);
    for (int i = 0; i < 11; ++i) {
        desk.ask(R"({"query":"devices"})");
    }
    REQUIRE(desk.answers.size() == 1);
    CHECK(has(desk.answers[0].first, "queries.max_per_s"));
    desk.clock.advance(1s);
    desk.answers.clear();
    desk.ask(R"({"query":"devices"})");
    CHECK(desk.answers.empty());
}

TEST_CASE("a store that does not answer in time is answered for, once") {
    Desk desk;
    desk.ask(R"({"query":"devices"})", "early");
    desk.clock.advance(1s);
    desk.ask(R"({"query":"devices"})", "late");
    desk.clock.advance(1s);
    desk.queries.expire();
    REQUIRE(desk.answers.size() == 1);
    CHECK(has(desk.answers[0].first, R"("code":"unavailable")"));
    CHECK(desk.answers[0].second.correlation == "early");
    desk.run();
    REQUIRE(desk.answers.size() == 2);
    CHECK(desk.answers[1].second.correlation == "late");
}

}  // namespace dm::relay
