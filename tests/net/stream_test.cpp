#include "device-mgmt/net/lean_stream.hpp"
#include "tests/net/wire.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ssl/error.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>
#include <openssl/ssl.h>

namespace dm::net::test {
namespace {

/// One read of the server, started by construction; its handler owns the stream as a connection
/// does.
struct Read {
    explicit Read(const std::shared_ptr<LeanStream>& stream) {
        stream->async_read_some(asio::buffer(buffer),
                                [this, keep = stream](std::error_code ec, std::size_t bytes) {
                                    ended = ec;
                                    taken = bytes;
                                });
    }

    [[nodiscard]] std::string text() const { return {buffer.data(), taken}; }

    std::array<char, 512> buffer{};
    std::optional<std::error_code> ended;
    std::size_t taken = 0;
};

std::string read_all(Wire& wire, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        Read read{wire.stream()};
        wire.settle();
        REQUIRE(read.ended);
        REQUIRE_FALSE(*read.ended);
        text += read.text();
    }
    return text;
}

/// What is not the same again at any place.
std::string numbers(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) {
        text += std::to_string(i) + ' ';
    }
    text.resize(size);
    return text;
}

}  // namespace

TEST_CASE("records that arrive byte by byte are read like whole ones") {
    for (const bool tls12 : {false, true}) {
        CAPTURE(tls12);
        Wire wire{tls12};
        REQUIRE(wire.shake_hands(1));
        Read read{wire.stream()};
        wire.client_write("hello");
        while (wire.deliver(1) == 1) {
            CHECK_FALSE(read.ended);
            wire.run();
        }
        CHECK(read.text() == "hello");
    }
}

TEST_CASE("a record larger than the read buffer is read in parts, without another one") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    const std::string sent = numbers(10'000);
    wire.client_write(sent);
    CHECK(read_all(wire, sent.size()) == sent);
    Read idle{wire.stream()};
    wire.settle();
    CHECK_FALSE(idle.ended);
}

TEST_CASE("a renegotiation is refused: the client gets no second handshake") {
    Wire wire{true};
    REQUIRE(wire.shake_hands());
    wire.client_renegotiate();
    Read read{wire.stream()};
    wire.settle();
    CHECK_FALSE(wire.client_handshake());
    CHECK(SSL_in_init(wire.client()) == 1);
    // OpenSSL's client takes the refusal as the end and says so.
    wire.settle();
    REQUIRE(read.ended);
    CHECK(read.ended->category() == asio::error::get_ssl_category());
}

TEST_CASE("a peer that hangs up without close_notify ends the read, in order") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    wire.client_write("last words");
    wire.deliver(Wire::kAll);
    wire.hang_up();
    Read read{wire.stream()};
    wire.run();
    CHECK(read.text() == "last words");
    Read end{wire.stream()};
    wire.run();
    REQUIRE(end.ended);
    CHECK(*end.ended == asio::error::eof);
}

TEST_CASE("a close_notify ends the read, whether or not the connection closes") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    Read read{wire.stream()};
    wire.client_goodbye();
    wire.settle();
    REQUIRE(read.ended);
    CHECK(*read.ended == asio::error::eof);
}

TEST_CASE("a damaged record ends the read with a TLS error and nothing more is said") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    wire.client_write("hello");
    wire.deliver(5);  // the record's header
    wire.corrupt();
    Read read{wire.stream()};
    wire.settle();
    REQUIRE(read.ended);
    CHECK(read.ended->category() == asio::error::get_ssl_category());
    bool over = false;
    wire.stream()->async_shutdown([&](std::error_code) { over = true; });
    wire.hang_up();
    wire.run();
    CHECK(over);
}

TEST_CASE("bytes that are no TLS fail the handshake") {
    Wire wire;
    wire.inject("GET / HTTP/1.1\r\n\r\n");
    CHECK_FALSE(wire.shake_hands());
}

TEST_CASE("a write that blocks goes on where it stopped") {
    for (const bool tls12 : {false, true}) {
        CAPTURE(tls12);
        Wire wire{tls12};
        REQUIRE(wire.shake_hands());
        const std::string head = numbers(7);
        const std::string body = numbers(200'000);
        const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(body)};
        std::optional<std::error_code> ended;
        asio::async_write(
            *wire.stream(), both, [&](std::error_code ec, std::size_t) { ended = ec; });
        wire.run();
        CHECK_FALSE(ended);  // nobody reads
        std::string received;
        for (std::size_t moved = 1; moved > 0;) {
            moved = wire.collect(1000);
            wire.run();
            received += wire.client_read();
        }
        REQUIRE(ended);
        CHECK_FALSE(*ended);
        CHECK(received == head + body);
    }
}

TEST_CASE("a read while a write blocks gets what the peer says") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    const std::string body = numbers(200'000);
    bool written = false;
    asio::async_write(
        *wire.stream(), asio::buffer(body), [&](std::error_code, std::size_t) { written = true; });
    wire.run();
    wire.client_write("I am here");
    wire.deliver(Wire::kAll);
    Read read{wire.stream()};
    wire.run();
    CHECK(read.text() == "I am here");
    CHECK_FALSE(written);
}

TEST_CASE("abort() ends a read and a write that wait, each handler once") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    const std::string body = numbers(200'000);
    int writes = 0;
    asio::async_write(*wire.stream(), asio::buffer(body), [&](std::error_code ec, std::size_t) {
        CHECK(ec == asio::error::operation_aborted);
        ++writes;
    });
    Read read{wire.stream()};
    wire.run();
    wire.stream()->abort();
    wire.stream()->abort();
    CHECK_FALSE(read.ended);
    wire.run();
    CHECK(writes == 1);
    REQUIRE(read.ended);
    CHECK(*read.ended == asio::error::operation_aborted);
}

TEST_CASE("a shutdown during a blocked write resets instead of cutting a record") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    const std::string body = numbers(200'000);
    std::optional<std::error_code> written;
    asio::async_write(
        *wire.stream(), asio::buffer(body), [&](std::error_code ec, std::size_t) { written = ec; });
    wire.run();
    bool over = false;
    wire.stream()->async_shutdown([&](std::error_code) { over = true; });
    wire.run();
    CHECK(over);
    REQUIRE(written);
    CHECK(*written == asio::error::operation_aborted);
    CHECK_FALSE(wire.stream()->socket().is_open());
}

TEST_CASE("a stream may be destroyed with its operations while they wait") {
    auto wire = std::make_unique<Wire>();
    REQUIRE(wire->shake_hands());
    const std::weak_ptr<LeanStream> stream = wire->stream();
    const std::string body = numbers(200'000);
    asio::async_write(*wire->stream(),
                      asio::buffer(body),
                      [keep = wire->stream()](std::error_code, std::size_t) { FAIL("called"); });
    Read read{wire->stream()};
    wire->run();
    wire->drop_stream();
    CHECK_FALSE(stream.expired());  // the handlers own it
    wire.reset();
    CHECK(stream.expired());
    CHECK_FALSE(read.ended);
}

TEST_CASE("a stream may be destroyed by the handler of its last operation") {
    Wire wire;
    REQUIRE(wire.shake_hands());
    const std::weak_ptr<LeanStream> stream = wire.stream();
    Read read{wire.stream()};
    wire.drop_stream();
    wire.client_write("hello");
    wire.deliver(Wire::kAll);
    wire.run();
    CHECK(read.text() == "hello");
    CHECK(stream.expired());
}

TEST_CASE("a handshake that is aborted half-way ends once") {
    Wire wire;
    int ends = 0;
    wire.stream()->async_handshake([&](const std::error_code& ec) {
        CHECK(ec == asio::error::operation_aborted);
        ++ends;
    });
    static_cast<void>(wire.client_handshake());
    wire.deliver(100);
    wire.run();
    wire.stream()->abort();
    wire.run();
    CHECK(ends == 1);
}

}  // namespace dm::net::test
