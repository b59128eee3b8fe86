#include "tests/net/raw_client.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace dm::net::test {
namespace {

using core::FrameKind;
using core::SendResult;
using proto::CloseCode;
using std::chrono::milliseconds;

EndpointLimits small_bound() {
    EndpointLimits limits;
    limits.max_unsent_bytes = 16UL * 1024 * 1024;
    limits.max_message_bytes = 1000;
    limits.close_timeout = milliseconds{100};
    limits.lost_peer_timeout = milliseconds{50};
    return limits;
}

/// Sends until the link takes no more; the peer does not read meanwhile.
void fill(core::DeviceLink& link) {
    const std::string chunk(1024UL * 1024, 'x');
    while (link.send(FrameKind::binary, chunk) == SendResult::ok) {
    }
}

}  // namespace

TEST_CASE("frames, control frames and identity reach the listener") {
    World world;
    const auto client = world.open();
    auto& session = world.last();
    CHECK(std::any_cast<std::string>(session.identity) == "/");
    CHECK(session.link->remote().substr(0, 10) == "127.0.0.1:");
    client->send(masked(0x81, "text") + masked(0x89, "ping") + masked(0x8A, "pong"));
    world.until([&] { return session.listener->control_frames == 2; });
    CHECK(session.listener->frames == std::vector<std::string>{"text"});
    CHECK(world.handshakes_done == 1);
    CHECK(world.endpoint->connections() == 1);
    CHECK(world.endpoint->handshakes() == 0);
}

TEST_CASE("abort() releases the socket at once and on_close follows once, after the call") {
    World world;
    const auto client = world.open();
    auto& session = world.last();
    session.link->abort();
    CHECK(session.listener->closes.empty());
    client->poll();
    CHECK(client->ended());
    CHECK(session.link->send(FrameKind::text, "late") == SendResult::dropped);
    session.link->abort();
    session.link->close(CloseCode::normal, "");
    world.until([&] { return world.endpoint->connections() == 0; });
    REQUIRE(session.listener->closes.size() == 1);
    CHECK(session.listener->closes[0].first == CloseCode::abnormal);
}

TEST_CASE("abort() inside on_frame ends the frames of the same segment") {
    World world;
    const auto client = world.open();
    auto& session = world.last();
    session.listener->on_next_frame = [&](auto) {
        session.link->abort();
        CHECK(session.listener->closes.empty());
    };
    client->send(masked(0x81, "one") + masked(0x81, "two"));
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(session.listener->frames.size() == 1);
    CHECK(session.listener->closes.size() == 1);
}

TEST_CASE("close() sends what is queued, then the code, and reports it when the peer agrees") {
    World world;
    const auto client = world.open();
    auto& session = world.last();
    CHECK(session.link->send(FrameKind::text, "last") == SendResult::ok);
    session.link->close(CloseCode::replaced, "replaced");
    CHECK(session.link->send(FrameKind::text, "late") == SendResult::dropped);
    world.until([&] {
        client->poll();
        return client->received().size() >= 18;
    });
    CHECK(client->received() == std::string("\x81\x04last\x88\x0A\x0F\xA1replaced"));
    CHECK(session.listener->closes.empty());
    client->send(close_frame(4001));
    world.until([&] {
        client->poll();
        return client->ended();
    });
    client->reset();
    world.until([&] { return world.endpoint->connections() == 0; });
    REQUIRE(session.listener->closes.size() == 1);
    CHECK(session.listener->closes[0].first == CloseCode::replaced);
    CHECK(session.listener->closes[0].second == "replaced");
}

TEST_CASE("a peer that does not answer a close is reset after the time-out") {
    World world{small_bound()};
    const auto client = world.open();
    world.last().link->close(CloseCode::heartbeat_missed, "");
    world.until([&] { return world.endpoint->connections() == 0; });
    client->poll();
    CHECK(client->ended());
    REQUIRE(world.last().listener->closes.size() == 1);
    CHECK(world.last().listener->closes[0].first == CloseCode::heartbeat_missed);
}

TEST_CASE("a peer that is lost is not waited for as long as others") {
    EndpointLimits limits;
    limits.close_timeout = std::chrono::hours{1};
    limits.lost_peer_timeout = milliseconds{50};
    for (const auto code : {CloseCode::heartbeat_missed, CloseCode::too_slow}) {
        World world{limits};
        const auto client = world.open();
        world.last().link->close(code, "");
        world.until([&] { return world.endpoint->connections() == 0; });
        CHECK(world.last().listener->closes.at(0).first == code);
    }
}

TEST_CASE("a peer that does not even read is reset after the time-out") {
    World world{small_bound()};
    const auto client = world.open();
    fill(*world.last().link);
    world.last().link->close(CloseCode::too_slow, "");
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(world.last().listener->closes.size() == 1);
}

TEST_CASE("the peer's close code is reported, and 1006 when there was none") {
    World world;
    auto client = world.open();
    client->send(close_frame(3001));
    world.until([&] {
        return !world.last().listener->closes.empty() || (client->poll(), client->ended());
    });
    client->reset();
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(world.last().listener->closes.at(0).first == static_cast<CloseCode>(3001));

    client = world.open();
    client->reset();
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(world.last().listener->closes.at(0).first == CloseCode::abnormal);
}

TEST_CASE("our code is reported for frames that break the protocol") {
    World world{small_bound()};
    const auto client = world.open();
    client->send("\x81\x01x");
    world.until([&] {
        client->poll();
        return client->ended();
    });
    client->reset();
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(world.last().listener->closes.at(0).first == CloseCode::protocol_error);
}

TEST_CASE("beyond the bound sends are dropped, and on_writable tells when there is room") {
    World world{small_bound()};
    const auto client = world.open();
    auto& session = world.last();
    fill(*session.link);
    CHECK(session.link->unsent_bytes() > 15UL * 1024 * 1024);
    CHECK(session.link->unsent_bytes() <= 16UL * 1024 * 1024);
    CHECK(session.listener->writable == 0);
    world.until([&] {
        client->poll();
        return session.listener->writable == 1;
    });
    CHECK(session.link->unsent_bytes() <= 8UL * 1024 * 1024);
    world.until([&] {
        client->poll();
        return session.link->unsent_bytes() == 0;
    });
    CHECK(session.listener->writable == 1);
}

TEST_CASE("a reader's progress is seen while the message it reads is still unsent") {
    World world{small_bound()};
    const auto client = world.open();
    auto& session = world.last();
    CHECK(session.link->send(FrameKind::binary, std::string(15UL << 20U, 'x')) == SendResult::ok);
    std::uint64_t taken = 0;
    world.until([&] {  // until the kernel is full
        const bool stalled = taken > 0 && session.link->taken_bytes() == taken;
        taken = session.link->taken_bytes();
        return stalled;
    });
    const auto unsent = session.link->unsent_bytes();
    CHECK(unsent > 15UL << 20U);
    client->poll();
    world.until([&] { return session.link->taken_bytes() > taken; });
    CHECK(session.link->unsent_bytes() == unsent);
}

TEST_CASE("small messages count for more than their payload") {
    World world{small_bound()};
    const auto client = world.open();
    std::size_t sent = 0;
    while (world.last().link->send(FrameKind::text, "x") == SendResult::ok) {
        ++sent;
    }
    CHECK(sent < 70'000);
}

TEST_CASE("an exception of a listener costs its connection and nothing else") {
    World world;
    const auto client = world.open();
    const auto other = world.open();
    auto& session = world.sessions[0];
    session.listener->on_next_frame = [](auto) { throw std::runtime_error("oops"); };
    client->send(masked(0x81, "x"));
    world.until([&] { return world.endpoint->connections() == 1; });
    CHECK(world.failed_with("exception: oops"));
    CHECK(session.listener->closes.size() == 1);
    other->send(masked(0x81, "fine"));
    world.until([&] { return world.last().listener->frames.size() == 1; });
}

TEST_CASE("a link may be used and aborted inside on_open") {
    World world;
    world.on_opened = [](core::DeviceLink& link) {
        CHECK(link.send(FrameKind::text, "hello") == SendResult::ok);
        link.abort();
    };
    RawClient client{world.endpoint->port()};
    client.send(handshake());
    world.until([&] {
        client.poll();
        return client.ended() && !world.sessions.empty() && !world.last().listener->closes.empty();
    });
    CHECK(world.last().listener->closes.size() == 1);
}

TEST_CASE("abort_all() tells every listener once") {
    World world;
    const auto one = world.open();
    const auto two = world.open();
    world.endpoint->abort_all();
    CHECK(world.sessions[0].listener->closes.empty());
    world.until([&] { return world.endpoint->connections() == 0; });
    CHECK(world.sessions[0].listener->closes.size() == 1);
    CHECK(world.sessions[1].listener->closes.size() == 1);
}

TEST_CASE("an endpoint that goes with open connections tells nobody and drops them") {
    World world;
    const auto client = world.open();
    const RawClient half_way{world.endpoint->port()};
    world.until([&] { return world.endpoint->handshakes() == 1; });
    fill(*world.last().link);
    world.endpoint.reset();
    world.io.restart();
    world.io.run();
    client->poll();
    CHECK(client->ended());
    CHECK(world.last().listener->closes.empty());
}

}  // namespace dm::net::test
