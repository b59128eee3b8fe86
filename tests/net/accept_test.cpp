#include "device-mgmt/net/capacity.hpp"
#include "device-mgmt/net/probe_port.hpp"
#include "tests/net/raw_client.hpp"

#include <chrono>
#include <memory>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dm::net::test {
namespace {

using std::chrono::milliseconds;

/// No descriptor is left for as long as it lives: the limit is the lowest free number.
class NoDescriptors {
public:
    NoDescriptors() {
        const int lowest_free = ::dup(0);
        ::close(lowest_free);
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(lowest_free);
        ::setrlimit(RLIMIT_NOFILE, &few);
    }

    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("handshakes over the limit wait outside until one ends") {
    EndpointLimits limits;
    limits.max_handshakes = 2;
    limits.accept_backoff = milliseconds{10};
    World world{limits};
    auto one = std::make_unique<RawClient>(world.endpoint->port());
    RawClient two{world.endpoint->port()};
    RawClient three{world.endpoint->port()};
    three.send(handshake());
    world.until([&] { return world.endpoint->handshakes() == 2; });
    one->reset();
    world.until([&] { return world.endpoint->connections() == 1; });
    CHECK(world.endpoint->handshakes() == 1);
}

TEST_CASE("beyond the sockets there are, callers wait outside until one is free") {
    Capacity capacity{{2, 0}};
    EndpointLimits limits;
    limits.accept_backoff = milliseconds{10};
    World world{limits, nullptr, &capacity};
    auto one = world.open();
    const auto two = world.open();
    RawClient three{world.endpoint->port()};
    three.send(handshake());
    world.until([&] { return !capacity.has_socket(); });
    CHECK(world.endpoint->handshakes() == 0);
    one->reset();
    world.until([&] { return world.sessions.size() == 3; });
    CHECK_FALSE(capacity.has_socket());
    CHECK(world.endpoint->connections() == 2);
}

TEST_CASE("sockets of handshakes that stall are given to those that wait") {
    Capacity capacity{{3, 0}};
    EndpointLimits limits;
    limits.accept_backoff = milliseconds{10};
    limits.handshake_patience = milliseconds{100};
    World world{limits, nullptr, &capacity};
    std::vector<std::unique_ptr<RawClient>> stalled;
    for (int i = 0; i < 6; ++i) {
        stalled.push_back(std::make_unique<RawClient>(world.endpoint->port()));
        stalled.back()->send("GET / HT");
    }
    CHECK(world.open());
}

TEST_CASE("handshakes that stall make room for those that wait") {
    EndpointLimits limits;
    limits.max_handshakes = 3;
    limits.accept_backoff = milliseconds{10};
    limits.handshake_patience = milliseconds{100};
    World world{limits};
    std::vector<std::unique_ptr<RawClient>> stalled;
    for (int i = 0; i < 9; ++i) {
        stalled.push_back(std::make_unique<RawClient>(world.endpoint->port()));
        stalled.back()->send("GET / HT");
    }
    const auto good = world.open();
    CHECK(world.endpoint->connections() == 1);
    CHECK(world.failed_with("stalled"));
    stalled[0]->poll();
    CHECK(stalled[0]->ended());
}

TEST_CASE("a handshake that takes too long is dropped") {
    EndpointLimits limits;
    limits.handshake_timeout = milliseconds{50};
    World world{limits};
    RawClient client{world.endpoint->port()};
    client.send("GET / HTTP/1.1\r\n");
    world.until([&] {
        client.poll();
        return client.ended() && world.endpoint->handshakes() == 0;
    });
    CHECK(world.failed_with("handshake time-out"));
    CHECK(world.refusals.empty());
}

TEST_CASE("callers over their address's rate are reset") {
    EndpointLimits limits;
    limits.accepts_per_address_per_s = 0.2;  // a burst of one
    World world{limits};
    const auto first = world.open();
    RawClient second{world.endpoint->port()};
    world.until([&] {
        second.poll();
        return second.ended();
    });
    CHECK(world.failed_with("address over its rate"));
    CHECK(world.endpoint->connections() == 1);
}

TEST_CASE("out of descriptors callers are reset, sessions live and accepting goes on later") {
    EndpointLimits limits;
    limits.accept_backoff = milliseconds{20};
    World world{limits};
    const auto session = world.open();
    session->send(masked(0x81, "before"));
    world.until([&] { return world.last().listener->frames.size() == 1; });
    RawClient caller{world.endpoint->port()};
    std::size_t failures = 0;
    {
        // No CHECK in here: sanitizers need descriptors for their own checks.
        const NoDescriptors none;
        world.until([&] {
            caller.poll();
            return caller.ended();
        });
        failures = world.failures.size();
        session->send(masked(0x81, "meanwhile"));
        world.until([&] { return world.last().listener->frames.size() == 2; });
    }
    CHECK(world.failed_with("accept: "));
    CHECK(world.failures.size() <= failures + 1);  // it waits and does not spin
    CHECK(world.open());
}

TEST_CASE("a port in use is told with address and port") {
    const World world;
    const auto port = world.endpoint->port();
    const auto probed = probe_port("127.0.0.1", port);
    REQUIRE_FALSE(probed);
    CHECK(probed.error() ==
          "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
    CHECK(probe_port("127.0.0.1", 0));
    CHECK_FALSE(probe_port("nowhere", 1));
}

TEST_CASE("a port shared by SO_REUSEPORT is found taken all the same") {
    asio::io_context io;
    World acceptor;
    EndpointSettings settings;
    settings.address = "127.0.0.1";
    settings.reuse_port = true;
    WsEndpoint first{io, settings, nullptr, acceptor};
    REQUIRE(first.listen());
    settings.port = first.port();
    CHECK_FALSE(probe_port("127.0.0.1", settings.port));
    WsEndpoint second{io, settings, nullptr, acceptor};
    CHECK(second.listen());
    settings.reuse_port = false;
    WsEndpoint third{io, settings, nullptr, acceptor};
    CHECK_FALSE(third.listen());
}

}  // namespace dm::net::test
