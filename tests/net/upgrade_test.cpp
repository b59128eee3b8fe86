#include "device-mgmt/net/capacity.hpp"
#include "tests/net/raw_client.hpp"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace dm::net::test {
namespace {

/// The whole answer to `bytes`.
std::string answer(World& world, const std::string& bytes) {
    RawClient client{world.endpoint->port()};
    client.send(bytes);
    world.until([&] {
        client.poll();
        return client.ended();
    });
    return client.received();
}

bool starts_with(const std::string& text, const std::string& beginning) {
    return text.rfind(beginning, 0) == 0;
}

}  // namespace

TEST_CASE("the acceptor sees what the request says") {
    World world;
    world.on_request = [](const UpgradeRequest& request) {
        CHECK(request.path == "/v1/device");
        CHECK(request.query == "a=b");
        CHECK(request.authorization == "Bearer t");
        CHECK(request.origin == "https://o");
        CHECK(request.protocols.size() == 2);
        CHECK(request.remote.substr(0, 10) == "127.0.0.1:");
        CHECK_FALSE(request.certificate_cn);
    };
    RawClient client{world.endpoint->port()};
    client.send(handshake("/v1/device?a=b",
                          "Authorization: Bearer t\r\nOrigin: https://o\r\n"
                          "Sec-WebSocket-Protocol: one,two\r\n"));
    world.until([&] {
        client.poll();
        return !world.sessions.empty();
    });
    CHECK(world.paths.size() == 1);
}

TEST_CASE("a refusal carries status, reason and Retry-After") {
    World world;
    world.refuse = Refusal{429, "Slow down.", std::chrono::seconds{7}};
    const auto text = answer(world, handshake());
    CHECK(starts_with(text, "HTTP/1.1 429 "));
    CHECK(text.find("\r\nRetry-After: 7\r\n") != std::string::npos);
    CHECK(text.find("\r\n\r\nSlow down.\n") != std::string::npos);
    CHECK(text.find("Server:") == std::string::npos);
    CHECK(world.refusals == std::vector<int>{429});
    CHECK(world.sessions.empty());
}

TEST_CASE("a malformed request never reaches the acceptor") {
    World world;
    CHECK(starts_with(answer(world, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 426 "));
    CHECK(starts_with(answer(world, handshake("nonsense")), "HTTP/1.1 400 "));
    CHECK(world.paths.empty());
    CHECK(world.refusals == std::vector<int>{426, 400});
}

TEST_CASE("an exception of the acceptor costs the connection and nothing else") {
    World world;
    world.on_request = [](const UpgradeRequest&) { throw std::runtime_error("oops"); };
    CHECK(answer(world, handshake()).empty());
    CHECK(world.failed_with("exception: oops"));
    world.on_request = nullptr;
    CHECK(world.open());
}

TEST_CASE("a full endpoint answers 503 and says when to come back") {
    Capacity capacity{{0, 1}};
    World world{{}, nullptr, &capacity};
    const auto client = world.open();
    const auto text = answer(world, handshake());
    CHECK(starts_with(text, "HTTP/1.1 503 "));
    CHECK(text.find("\r\nRetry-After: ") != std::string::npos);
    CHECK(world.paths.size() == 1);
    client->reset();
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(capacity.has_connection());
    CHECK(world.open());
}

TEST_CASE("an overloaded process answers 503 and says when to come back") {
    Capacity capacity{{}};
    World world{{}, nullptr, &capacity};
    capacity.set_overloaded(true);
    const auto text = answer(world, handshake());
    CHECK(starts_with(text, "HTTP/1.1 503 "));
    CHECK(text.find("\r\nRetry-After: ") != std::string::npos);
    capacity.set_overloaded(false);
    CHECK(world.open());
}

TEST_CASE("an endpoint that stops accepting lets handshakes under way through and keeps the rest") {
    World world;
    const auto client = world.open();
    RawClient late{world.endpoint->port()};
    world.until([&] { return world.endpoint->handshakes() == 1; });
    world.endpoint->stop_accepting();
    late.send(handshake());
    world.until([&] {
        late.poll();
        return world.sessions.size() == 2 && !late.received().empty();
    });
    CHECK(starts_with(late.received(), "HTTP/1.1 101 "));
    client->send(masked(0x81, "still here"));
    world.until([&] { return world.sessions[0].listener->frames.size() == 1; });
    CHECK_THROWS(RawClient{world.endpoint->port()});
}

}  // namespace dm::net::test
