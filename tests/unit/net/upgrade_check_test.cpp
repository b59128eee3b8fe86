#include "device-mgmt/net/upgrade_check.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace dm::net {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

std::string request(const std::string& line, const std::string& fields) {
    return line + "\r\n" + fields + "\r\n";
}

std::string fields_with_key(const std::string& key) {
    return "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
           key + "\r\n";
}

const std::string kFields = fields_with_key(std::string{kKey});

/// 101 for a handshake that is well-formed.
int status_of(const std::string& line, const std::string& fields) {
    const auto bytes = request(line, fields);
    const auto verdict = check_upgrade(bytes);
    return verdict ? 101 : verdict.error().status;
}

int status_with(const std::string& more) {
    return status_of("GET / HTTP/1.1", kFields + more);
}

int status_of_path(const std::string& target) {
    return status_of("GET " + target + " HTTP/1.1", kFields);
}

std::string without(const std::string& field) {
    std::string left = kFields;
    const auto at = left.find(field);
    left.erase(at, left.find("\r\n", at) + 2 - at);
    return left;
}

}  // namespace

TEST_CASE("a well-formed handshake is taken apart") {
    const auto bytes = request("GET /v1/device?access_token=a.b-c&x= HTTP/1.1",
                               kFields +
                                   "Authorization: Bearer  t \r\nORIGIN: https://o\r\nCookie: x\r\n"
                                   "Sec-WebSocket-Protocol: dm.v1.json, dm.v1.cbor\r\n"
                                   "Sec-WebSocket-Protocol: other\r\n");
    const auto verdict = check_upgrade(bytes);
    REQUIRE(verdict);
    CHECK(verdict->path == "/v1/device");
    CHECK(verdict->query == "access_token=a.b-c&x=");
    CHECK(verdict->key == kKey);
    CHECK(verdict->authorization == "Bearer  t");
    CHECK(verdict->origin == "https://o");
    REQUIRE(verdict->protocols.size() == 3);
    CHECK(verdict->protocols[0] == "dm.v1.json");
    CHECK(verdict->protocols[2] == "other");
}

TEST_CASE("field names and the two tokens are compared without case") {
    CHECK(status_of("GET / HTTP/1.1",
                    "hOST:h\r\nupgrade:foo, WebSocket\r\nconnection:keep-alive, UPGRADE\r\n"
                    "sec-websocket-version:13\r\nsec-websocket-key:" +
                        std::string{kKey} + "\r\n") == 101);
}

TEST_CASE("the request line is GET, a path and HTTP/1.1") {
    CHECK(status_of("POST / HTTP/1.1", kFields) == 405);
    CHECK(status_of("get / HTTP/1.1", kFields) == 405);
    CHECK(status_of("GET / HTTP/1.0", kFields) == 400);
    CHECK(status_of("GET / HTTP/2.0", kFields) == 400);
    CHECK(status_of("GET /", kFields) == 400);
    CHECK(status_of("GET  / HTTP/1.1", kFields) == 400);
    CHECK(status_of("G@T / HTTP/1.1", kFields) == 400);
    CHECK(status_of("", kFields) == 400);
    CHECK(status_of_path("*") == 400);
    CHECK(status_of_path("http://h/") == 400);
    CHECK(status_of_path("/a#b") == 400);
    CHECK(status_of_path("/a\x7F") == 400);
    CHECK(status_of_path(std::string{"/a\0b", 4}) == 400);
    CHECK(status_of_path("/\xC3\xA9") == 400);
    CHECK(status_of_path("/a%00b") == 101);
}

TEST_CASE("exactly one valid Host is required") {
    CHECK(status_of("GET / HTTP/1.1", without("Host")) == 400);
    CHECK(status_with("Host: h\r\n") == 400);
    CHECK(status_with("host: other\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1", "Host:\r\n" + without("Host")) == 400);
    CHECK(status_of("GET / HTTP/1.1", "Host: a b\r\n" + without("Host")) == 400);
    CHECK(status_of("GET / HTTP/1.1", "Host: [::1]:8443\r\n" + without("Host")) == 101);
}

TEST_CASE("what is no upgrade, or another version, is answered with 426") {
    CHECK(status_of("GET / HTTP/1.1", "Host: h\r\n") == 426);
    CHECK(status_of("GET / HTTP/1.1", without("Upgrade")) == 426);
    CHECK(status_of("GET / HTTP/1.1", without("Connection")) == 426);
    CHECK(status_of("GET / HTTP/1.1", without("Sec-WebSocket-Version")) == 426);
    CHECK(status_of("GET / HTTP/1.1",
                    without("Sec-WebSocket-Version") + "Sec-WebSocket-Version: 8\r\n") == 426);
    CHECK(status_with("Sec-WebSocket-Version: 13\r\n") == 400);
}

TEST_CASE("the key is 16 bytes in base64, once") {
    const auto status_of_key = [](const std::string& key) {
        return status_of("GET / HTTP/1.1", fields_with_key(key));
    };
    CHECK(status_of_key("") == 400);
    CHECK(status_of_key("x") == 400);
    CHECK(status_of_key("dGhlIHNhbXBsZSBub25jZQ=") == 400);
    CHECK(status_of_key("dGhlIHNhbXBsZSBub25jZQAA") == 400);
    CHECK(status_of_key("dGhlIHNhbXBsZSBub25j*Q==") == 400);
    CHECK(status_of_key("dGhlIHNhbXBsZSBub25jZWFhYQ==") == 400);
    CHECK(status_of("GET / HTTP/1.1", without("Sec-WebSocket-Key")) == 400);
    CHECK(status_with("Sec-WebSocket-Key: " + std::string{kKey} + "\r\n") == 400);
}

TEST_CASE("bodies and doubled identities are refused") {
    CHECK(status_with("Content-Length: 0\r\n") == 101);
    CHECK(status_with("Content-Length: 5\r\n") == 400);
    CHECK(status_with("Content-Length: 0\r\nContent-Length: 0\r\n") == 400);
    CHECK(status_with("Transfer-Encoding: chunked\r\n") == 400);
    CHECK(status_with("Authorization: a\r\nAuthorization: a\r\n") == 400);
    CHECK(status_with("Origin: a\r\nOrigin: b\r\n") == 400);
}

TEST_CASE("malformed fields are refused") {
    CHECK(status_with("Name : x\r\n") == 400);
    CHECK(status_with(" folded: x\r\n") == 400);
    CHECK(status_with("no colon\r\n") == 400);
    CHECK(status_with(": x\r\n") == 400);
    CHECK(status_with("Sec-WebSocket-Protocol: a b\r\n") == 400);
    std::string many;
    for (int i = 0; i < 101; ++i) {
        many += "X-" + std::to_string(i) + ": x\r\n";
    }
    CHECK(status_with(many) == 431);
}

TEST_CASE("the reader takes the head and leaves what follows it") {
    const auto head = request("GET / HTTP/1.1", kFields);
    HeadReader whole;
    CHECK(whole.consume(head + "\x81\x80rest") == head.size());
    CHECK(whole.done());
    CHECK_FALSE(whole.refusal());
    CHECK(whole.head() == head);

    HeadReader dripped;
    for (const char c : head) {
        CHECK_FALSE(dripped.done());
        CHECK(dripped.consume({&c, 1}) == 1);
    }
    CHECK(dripped.done());
    CHECK(dripped.head() == head);
}

TEST_CASE("the reader refuses control characters at once and heads without end") {
    const auto status = [](std::string_view bytes) {
        HeadReader reader;
        static_cast<void>(reader.consume(bytes));
        return reader.refusal() ? reader.refusal()->status : 0;
    };
    CHECK(status("GET / HTTP/1.1\r\nHost: h") == 0);
    CHECK(status("\x16\x03\x01") == 400);  // TLS
    CHECK(status(std::string_view{"GET /\0", 6}) == 400);
    CHECK(status("GET / HTTP/1.1\n") == 400);
    CHECK(status("GET / HTTP/1.1\rX") == 400);
    CHECK(status(std::string(HeadReader::kMaxBytes, 'a')) == 0);
    CHECK(status(std::string(HeadReader::kMaxBytes + 1, 'a')) == 431);
}

}  // namespace dm::net
