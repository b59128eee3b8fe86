#include "control/api/api.hpp"

#include "tests/unit/control/fake_responder.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::control;
using dm::test::FakeResponder;
using namespace std::chrono_literals;

namespace {

/// A running instance without sockets: one operator, one viewer, the broker connected.
struct Bench {
    Bench() { api.on_connected(false); }

    dm::core::Moment now{dm::core::Instant{1h}, dm::proto::WallTime{1000s}};
    FakeResponder responder;
    std::vector<dm::broker::OutboundMessage> published;
    Authority authority{
        {{*dm::proto::Name::parse("alice"), Role::operator_, dm::auth::sha256("op")},
         {*dm::proto::Name::parse("eve"), Role::viewer, dm::auth::sha256("view")}}};
    Metrics metrics{"0"};
    Api api{{"c", "b1", "dm", "control"},
            {responder,
             [this](auto message) {
                 published.push_back(std::move(message));
                 return true;
             },
             authority,
             metrics,
             [this] { return now; },
             [](auto /*time*/) { return std::string("made-id"); }}};
    dm::http::ExchangeId last = 0;

    dm::http::ExchangeId request(const std::string& method,
                                 const std::string& path,
                                 const std::string& body = "",
                                 dm::http::Headers headers = {},
                                 const std::string& token = "op") {
        dm::http::HttpRequest made;
        made.method = method;
        made.path = path.substr(0, path.find('?'));
        made.query = path.size() > made.path.size() ? path.substr(made.path.size() + 1) : "";
        made.headers = std::move(headers);
        made.headers.emplace_back("Host", "h");
        if (!token.empty()) {
            made.headers.emplace_back("Authorization", "Bearer " + token);
        }
        if (method == "POST") {
            made.headers.emplace_back("Content-Type", "application/json");
            made.headers.emplace_back("Content-Length", std::to_string(body.size()));
        }
        made.body = body;
        api.on_request(++last, std::move(made));
        return last;
    }

    int status(dm::http::ExchangeId exchange) {
        const auto& answered = responder.of[exchange];
        return answered.whole ? answered.whole->status : 0;
    }

    std::string& stream(dm::http::ExchangeId exchange) { return responder.of[exchange].stream; }

    void receive(const std::string& topic,
                 const std::string& payload,
                 const std::string& correlation = "") {
        dm::broker::InboundMessage message;
        message.topic = topic;
        message.payload = payload;
        message.correlation = correlation;
        api.on_message(std::move(message));
    }

    void see(const std::string& device) {
        receive("dm/presence/" + device,
                R"({"device":")" + device + R"(","online":true,"epoch":5,"node":"node-1"})");
    }

    void advance(dm::core::Duration by) {
        now.mono += by;
        api.advance();
    }
};

const dm::http::Headers kStream{{"Accept", "text/event-stream"}};
constexpr const char* kCalls = "dm/responses/control/c-b1/calls";
constexpr const char* kQueries = "dm/responses/control/c-b1/queries";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("without a valid token nothing is told, and a viewer changes nothing") {
    Bench bench;
    CHECK(bench.status(bench.request("GET", "/v1/devices", "", {}, "")) == 401);
    CHECK(bench.status(bench.request("GET", "/v1/devices", "", {}, "wrong")) == 401);
    CHECK(bench.status(bench.request("POST", "/v1/devices/a/commands", "{}", {}, "view")) == 403);
    CHECK(bench.status(bench.request("DELETE", "/v1/devices/a/session", "", {}, "view")) == 403);
    CHECK(bench.status(bench.request("GET", "/", "", {}, "")) == 200);
    CHECK(bench.status(bench.request("GET", "/openapi.json", "", {}, "")) == 200);
    CHECK(bench.published.empty());
}

TEST_CASE("an answer to a valid token tells its role, also while the broker is away") {
    Bench bench;
    const auto role = [&](dm::http::ExchangeId exchange) {
        const auto& headers = bench.responder.of[exchange].whole->headers;
        const auto found = std::find_if(headers.begin(), headers.end(), [](const auto& header) {
            return header.first == "DM-Role";
        });
        return found == headers.end() ? "" : found->second;
    };
    bench.api.on_disconnected();
    CHECK(role(bench.request("GET", "/v1/devices")) == "operator");
    CHECK(role(bench.request("GET", "/v1/devices", "", {}, "view")) == "viewer");
    CHECK(role(bench.request("GET", "/v1/devices", "", {}, "wrong")).empty());
    CHECK(role(bench.request("GET", "/")).empty());
}

TEST_CASE("the console is for everybody, its files by their names only") {
    Bench bench;
    bench.api.on_disconnected();
    const auto page = bench.request("GET", "/", "", {}, "");
    REQUIRE(bench.status(page) == 200);
    const std::string& text = bench.responder.of[page].whole->body;
    const std::size_t begin = text.find("/console/");
    const std::string file = text.substr(begin, text.find('"', begin) - begin);
    CHECK(bench.status(bench.request("GET", file, "", {}, "")) == 200);
    CHECK(bench.status(bench.request("GET", file + "x", "", {}, "")) == 404);
    CHECK(bench.status(bench.request("GET", "/console/index.html", "", {}, "")) == 404);
    CHECK(bench.status(bench.request("HEAD", file, "", {}, "")) == 405);
}

TEST_CASE("who begins to follow all events is told of the nodes there are") {
    Bench bench;
    bench.receive("dm/nodes/n-1", R"({"node":"n-1","state":"up"})");
    bench.receive("dm/nodes/n-2", R"({"node":"n-2","state":"down"})");
    const std::string text = bench.stream(bench.request("GET", "/v1/events"));
    CHECK(has(text, "event: node\ndata: {\"node\":\"n-1\",\"state\":\"up\"}\n\n"));
    CHECK(has(text, "n-2"));
    CHECK_FALSE(has(bench.stream(bench.request("GET", "/v1/devices/lamp/events")), "event: node"));
}

TEST_CASE("a request needs one Host") {
    Bench bench;
    CHECK(bench.status(bench.request("GET", "/", "", {{"host", "other"}})) == 400);
}

TEST_CASE("a stream of a command tells its states and its end") {
    Bench bench;
    bench.see("lamp");
    const auto exchange =
        bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})", kStream);
    REQUIRE(bench.published.size() == 1);
    CHECK(bench.published.back().response_topic == kCalls);
    CHECK(has(bench.published.back().payload, R"("id":"made-id")"));
    bench.receive(kCalls, R"({"id":"made-id","device":"lamp","state":"accepted"})", "1");
    bench.receive(kCalls, R"({"id":"made-id","device":"lamp","state":"succeeded"})", "1");
    CHECK(has(bench.stream(exchange), "event: accepted\n"));
    CHECK(has(bench.stream(exchange), "event: succeeded\n"));
    CHECK(bench.responder.of[exchange].ended);
    CHECK(bench.api.is_idle());
}

TEST_CASE("a rejection before any event is a status, after it an event") {
    Bench bench;
    bench.see("lamp");
    const std::string rejection =
        R"({"id":"made-id","device":"lamp","state":"rejected","error":{"code":"queue_full","message":"full"}})";
    const auto first =
        bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})", kStream);
    bench.receive(kCalls, rejection, "1");
    CHECK(bench.status(first) == 429);
    const auto second =
        bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})", kStream);
    bench.advance(40ms);
    CHECK(bench.stream(second) == ": waiting\n\n");
    bench.receive(kCalls, rejection, "2");
    CHECK(has(bench.stream(second), "event: rejected\n"));
    CHECK(bench.responder.of[second].ended);
}

TEST_CASE("a device that nobody has seen is asked for before anything is sent to it") {
    Bench bench;
    const auto exchange =
        bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})");
    REQUIRE(bench.published.size() == 1);
    CHECK(bench.published.back().topic == "dm/queries");
    SUBCASE("unknown to the nodes, too") {
        bench.receive(kQueries, R"({"error":{"code":"not_found","message":"device: no"}})", "1");
        CHECK(bench.status(exchange) == 404);
        CHECK(bench.published.size() == 1);
    }
    SUBCASE("known to the nodes") {
        bench.receive(kQueries, R"({"device":{"device":"lamp"}})", "1");
        CHECK(bench.published.back().topic == "dm/commands/lamp");
    }
    SUBCASE("no node answers") {
        bench.advance(2500ms);
        bench.advance(2500ms);
        CHECK(bench.status(exchange) == 503);
    }
    SUBCASE("the caller leaves meanwhile") {
        bench.api.on_gone(exchange);
        bench.receive(kQueries, R"({"device":{"device":"lamp"}})", "1");
        CHECK(bench.published.size() == 1);
    }
}

TEST_CASE("while the broker is away everybody is told at once") {
    Bench bench;
    bench.see("lamp");
    bench.api.on_disconnected();
    for (const auto& [method, path] : {std::pair<std::string, std::string>("GET", "/v1/devices"),
                                       {"GET", "/v1/events"},
                                       {"DELETE", "/v1/devices/lamp/session"},
                                       {"GET", "/v1/devices/lamp/commands/x"},
                                       {"DELETE", "/v1/devices/lamp/commands/x"}}) {
        const std::string& route = path;  // clang 14 captures no structured binding
        CAPTURE(route);
        CHECK(bench.status(bench.request(method, path)) == 503);
    }
    CHECK(bench.status(
              bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})")) == 503);
    CHECK(bench.published.empty());
}

TEST_CASE("a call in which the connection to the broker is lost asks again") {
    Bench bench;
    bench.see("lamp");
    bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})");
    bench.api.on_disconnected();
    bench.api.on_connected(false);
    CHECK(bench.published.size() == 2);
    CHECK(bench.published[0].payload == bench.published[1].payload);
}

TEST_CASE("events of the broker reach who follows them, in the words of the topics") {
    Bench bench;
    const auto all = bench.request("GET", "/v1/events", "", {}, "view");
    const auto one = bench.request("GET", "/v1/devices/lamp/events");
    const auto drain = [&] {
        bench.api.on_drained(all);
        bench.api.on_drained(one);
    };
    drain();
    for (const auto& [topic, payload, kind] :
         {std::tuple<std::string, std::string, std::string>(
              "dm/presence/lamp", R"({"online":true,"epoch":5,"node":"n"})", "presence"),
          {"dm/telemetry/lamp/power", R"({"device":"lamp","data":1})", "telemetry"},
          {"dm/alerts/lamp", R"({"device":"lamp","severity":"info"})", "alert"},
          {"dm/status/lamp", R"({"id":"x","device":"lamp","state":"sent"})", "status"},
          {"dm/replies/lamp", R"({"id":"x","device":"lamp","state":"failed"})", "reply"}}) {
        const std::string& received_on = topic;
        CAPTURE(received_on);
        bench.receive(topic, payload);
        drain();
        const std::string event = "event: " + kind + "\n";
        CHECK(has(bench.stream(all), event));
        CHECK(has(bench.stream(one), event));
    }
    bench.receive("dm/nodes/n", R"({"node":"n","state":"up"})");
    drain();
    CHECK(has(bench.stream(all), "event: node\n"));
    CHECK_FALSE(has(bench.stream(one), "event: node\n"));
}

TEST_CASE("the end of this instance's own command is an event, too, but its states not twice") {
    Bench bench;
    bench.see("lamp");
    const auto events = bench.request("GET", "/v1/events");
    bench.api.on_drained(events);
    bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})");
    bench.receive(kCalls, R"({"id":"made-id","device":"lamp","state":"sent"})", "1");
    bench.receive(kCalls, R"({"id":"made-id","device":"lamp","state":"succeeded"})", "1");
    CHECK_FALSE(has(bench.stream(events), "event: status"));
    CHECK(has(bench.stream(events), "event: reply"));
}

TEST_CASE("a cancel is told by the state of its command") {
    Bench bench;
    const auto exchange = bench.request("DELETE", "/v1/devices/lamp/commands/x");
    CHECK(bench.published.front().topic == "dm/cancel/lamp");
    const auto tell = [&](const char* state, int attempts, const char* number) {
        bench.receive(kQueries,
                      R"({"command":{"state":")" + std::string(state) + R"(","attempts":)" +
                          std::to_string(attempts) + "}}",
                      number);
    };
    tell("queued", 0, "1");
    CHECK(bench.status(exchange) == 0);
    bench.advance(30ms);
    SUBCASE("cancelled") {
        tell("cancelled", 0, "2");
        CHECK(bench.status(exchange) == 200);
    }
    SUBCASE("sent meanwhile") {
        tell("sent", 1, "2");
        CHECK(bench.status(exchange) == 409);
    }
    SUBCASE("unknown") {
        bench.receive(kQueries, R"({"error":{"code":"not_found","message":"id: no"}})", "2");
        CHECK(bench.status(exchange) == 404);
    }
}

TEST_CASE("a session is closed by the node that has it") {
    Bench bench;
    CHECK(bench.status(bench.request("DELETE", "/v1/devices/lamp/session")) == 404);
    bench.see("lamp");
    const auto exchange = bench.request("DELETE", "/v1/devices/lamp/session");
    CHECK(bench.published.back().topic == "dm/internal/node-1/kick");
    CHECK(has(bench.published.back().payload, R"("epoch":5)"));
    bench.receive(kQueries, R"({"query":"kick","device":"lamp"})", "1");
    CHECK(bench.status(exchange) == 204);
}

TEST_CASE("an instance that drains takes nothing new and ends its streams of events") {
    Bench bench;
    bench.see("lamp");
    const auto events = bench.request("GET", "/v1/events");
    const auto call = bench.request("POST", "/v1/devices/lamp/commands", R"({"command":"set"})");
    bench.api.drain();
    CHECK(bench.responder.of[events].ended);
    CHECK(bench.status(bench.request("GET", "/v1/devices")) == 503);
    CHECK_FALSE(bench.api.is_idle());
    bench.receive(kCalls, R"({"id":"made-id","device":"lamp","state":"accepted"})", "1");
    bench.api.end_all();
    CHECK(bench.status(call) == 202);
    CHECK(bench.api.is_idle());
}
