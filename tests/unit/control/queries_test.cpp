#include "control/queries/queries.hpp"

#include <vector>

#include <doctest/doctest.h>

using dm::control::Queries;
using dm::control::QueryProblem;
using dm::control::QueryResult;
using namespace std::chrono_literals;

namespace {

struct Bench {
    dm::core::Instant now{1h};
    std::vector<dm::broker::OutboundMessage> published;
    std::vector<tl::expected<QueryResult, QueryProblem>> answers;
    Queries queries{"dm/queries", "dm/responses/c/queries", [this](auto message) {
                        published.push_back(std::move(message));
                    }};

    void ask() {
        queries.ask(
            "{}", [this](auto answer) { answers.push_back(std::move(answer)); }, now);
    }

    bool receive(const std::string& correlation, const std::string& payload) {
        dm::broker::InboundMessage message;
        message.correlation = correlation;
        message.payload = payload;
        return queries.take(message);
    }
};

}  // namespace

TEST_CASE("an answer comes once, with its fields as they were written") {
    Bench bench;
    bench.ask();
    CHECK(bench.published.front().topic == "dm/queries");
    CHECK(bench.published.front().response_topic == "dm/responses/c/queries");
    CHECK(bench.receive(*bench.published.front().correlation, R"({"device":{"n":1.50}})"));
    REQUIRE(bench.answers.size() == 1);
    CHECK(bench.answers.front()->field("device") == R"({"n":1.50})");
    CHECK(bench.answers.front()->field("other").empty());
    CHECK_FALSE(bench.receive(*bench.published.front().correlation, "{}"));
    CHECK(bench.queries.next() == std::nullopt);
}

TEST_CASE("an error of a node is the problem") {
    Bench bench;
    bench.ask();
    bench.receive("1", R"({"query":"device","error":{"code":"not_found","message":"device: no"}})");
    REQUIRE_FALSE(bench.answers.front());
    CHECK(bench.answers.front().error().code == "not_found");
}

TEST_CASE("a question is asked once more and then given up") {
    Bench bench;
    bench.ask();
    bench.queries.advance(bench.now + 2s);
    CHECK(bench.published.size() == 1);
    bench.queries.advance(bench.now + 2500ms);
    CHECK(bench.published.size() == 2);
    CHECK(bench.published.back().correlation == bench.published.front().correlation);
    bench.queries.advance(bench.now + 5s);
    REQUIRE(bench.answers.size() == 1);
    CHECK(bench.answers.front().error().code == "no_node");
    CHECK(bench.queries.waiting() == 0);
}

TEST_CASE("an answer that is no JSON is a problem, not a hang") {
    Bench bench;
    bench.ask();
    CHECK(bench.receive("1", "nonsense"));
    CHECK(bench.answers.front().error().code == "bad_answer");
}
