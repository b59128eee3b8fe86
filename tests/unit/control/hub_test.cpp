#include "control/sse/hub.hpp"

#include "tests/unit/control/fake_responder.hpp"

#include <doctest/doctest.h>

using dm::control::EventRing;
using dm::control::Hub;
using dm::test::FakeResponder;
using namespace std::chrono_literals;

namespace {

struct Bench {
    dm::core::Instant now{1h};
    FakeResponder responder;
    Hub hub{responder, "c", "b1", EventRing(4)};

    void follow(dm::http::ExchangeId exchange,
                const std::string& device = "",
                std::optional<std::string_view> last = std::nullopt) {
        hub.follow(exchange, device, last, now);
        hub.drained(exchange, now);
    }

    void publish(const std::string& device, const std::string& data) {
        hub.publish({"status", device, data}, now);
    }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a new reader is told where it stands and then what happens") {
    Bench bench;
    bench.publish("a", "old");
    bench.follow(1);
    CHECK(bench.responder.take(1) == "id: c:b1:1\n\n");
    bench.publish("a", "new");
    CHECK(bench.responder.take(1) == "event: status\nid: c:b1:2\ndata: new\n\n");
}

TEST_CASE("who does not resume is told what there is, who resumes is not") {
    Bench bench;
    bench.publish("a", "1");
    const std::string opening = "event: node\ndata: n\n\n";
    bench.hub.follow(1, "", std::nullopt, bench.now, opening);
    CHECK(bench.responder.take(1) == "id: c:b1:1\n\n" + opening);
    bench.hub.follow(2, "", "d:b1:1", bench.now, opening);
    const std::string reset = bench.responder.take(2);
    CHECK(reset.rfind("event: reset\n", 0) == 0);
    CHECK(has(reset, opening));
    bench.hub.follow(3, "", "c:b1:1", bench.now, opening);
    CHECK_FALSE(has(bench.responder.take(3), opening));
}

TEST_CASE("a reader of one device hears nothing of others") {
    Bench bench;
    bench.follow(1, "a");
    bench.responder.take(1);
    bench.publish("b", "x");
    CHECK(bench.responder.take(1).empty());
    bench.publish("a", "y");
    CHECK(has(bench.responder.take(1), "data: y"));
}

TEST_CASE("a reader that comes back gets exactly what it missed") {
    Bench bench;
    for (const char* data : {"1", "2", "3"}) {
        bench.publish("a", data);
    }
    bench.follow(1, "", "c:b1:1");
    const std::string text = bench.responder.take(1);
    CHECK_FALSE(has(text, "data: 1\n"));
    CHECK(text.find("data: 2") < text.find("data: 3"));
    CHECK_FALSE(has(text, "event: reset"));
}

TEST_CASE("where continuity cannot be shown the first event is reset") {
    Bench bench;
    for (int i = 0; i < 10; ++i) {
        bench.publish("a", "x");
    }
    dm::http::ExchangeId exchange = 0;
    for (const char* last : {"c:b1:2", "c:b0:9", "d:b1:9", "nonsense", "c:b1:11"}) {
        CAPTURE(last);
        bench.follow(++exchange, "", last);
        CHECK(bench.responder.take(exchange).rfind("event: reset\nid: c:b1:10\n", 0) == 0);
    }
}

TEST_CASE("nothing is queued for a reader that is still being written to") {
    Bench bench;
    bench.hub.follow(1, "", std::nullopt, bench.now);
    bench.responder.take(1);
    bench.publish("a", "1");
    bench.publish("a", "2");
    CHECK(bench.responder.take(1).empty());
    bench.hub.drained(1, bench.now);
    const std::string text = bench.responder.take(1);
    CHECK(has(text, "data: 1"));
    CHECK(has(text, "data: 2"));
}

TEST_CASE("a reader that the ring overtakes is cut off") {
    Bench bench;
    bench.hub.follow(1, "", std::nullopt, bench.now);
    for (int i = 0; i < 6; ++i) {
        bench.publish("a", "x");
    }
    bench.hub.drained(1, bench.now);
    CHECK(bench.responder.of[1].ended);
    CHECK(bench.hub.followers() == 0);
}

TEST_CASE("an idle reader of a quiet device is not overtaken by the noise of others") {
    Bench bench;
    bench.follow(1, "quiet");
    for (int i = 0; i < 3; ++i) {
        bench.publish("noisy", "x");
    }
    bench.hub.tick(bench.now);
    for (int i = 0; i < 3; ++i) {
        bench.publish("noisy", "x");
    }
    bench.hub.tick(bench.now);
    bench.responder.take(1);
    bench.publish("quiet", "here");
    CHECK(has(bench.responder.take(1), "data: here"));
}

TEST_CASE("a gap tells everybody reset, and later events can be continued") {
    Bench bench;
    bench.publish("a", "1");
    bench.follow(1);
    bench.responder.take(1);
    bench.hub.gap("session_lost", bench.now);
    CHECK(has(bench.responder.take(1),
              "event: reset\nid: c:b1:2\ndata: {\"reason\":\"session_lost\"}"));
    bench.follow(2, "", "c:b1:1");
    CHECK(has(bench.responder.take(2), "event: reset"));
    bench.follow(3, "", "c:b1:2");
    CHECK_FALSE(has(bench.responder.take(3), "event: reset"));
}

TEST_CASE("who has heard nothing for 15 seconds gets a comment") {
    Bench bench;
    bench.follow(1);
    bench.responder.take(1);
    bench.now += 14s;
    bench.hub.tick(bench.now);
    CHECK(bench.responder.take(1).empty());
    bench.now += 1s;
    bench.hub.tick(bench.now);
    CHECK(bench.responder.take(1) == ": alive\n\n");
}

TEST_CASE("a reader that left or is too slow is forgotten") {
    Bench bench;
    bench.follow(1);
    bench.follow(2);
    CHECK(bench.hub.gone(1));
    CHECK_FALSE(bench.hub.gone(1));
    bench.responder.full = true;
    bench.publish("a", "x");
    CHECK(bench.hub.followers() == 0);
}
