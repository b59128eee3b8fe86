#include "device-mgmt/http/head_check.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace dm::http {
namespace {

constexpr std::string_view kGood = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX: y, z \r\n\r\n";

/// The status, 0 for what is fine; the same whether it comes at once or byte by byte.
int status_of(std::string_view bytes, const HeadLimits& limits = {}) {
    HeadCheck whole{limits};
    const auto refusal = whole.feed(bytes);
    HeadCheck dripped{limits};
    std::optional<HeadRefusal> at_last;
    for (std::size_t i = 0; i < bytes.size() && !at_last; ++i) {
        at_last = dripped.feed(bytes.substr(i, 1));
    }
    CHECK(refusal.has_value() == at_last.has_value());
    return refusal ? refusal->status : 0;
}

/// The good request with another start line.
int start_line(const std::string& line) {
    return status_of(line + "\r\nHost: h\r\n\r\n");
}

/// A request with these header lines, each with its end.
int with_headers(const std::string& lines, const HeadLimits& limits = {}) {
    return status_of("POST / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n", limits);
}

}  // namespace

TEST_CASE("requests in good shape pass, one after the other") {
    CHECK(status_of(kGood) == 0);
    CHECK(status_of(std::string{kGood} + std::string{kGood}) == 0);
    CHECK(status_of("\r\n" + std::string{kGood}) == 0);
    CHECK(with_headers("Content-Length: 0\r\n") == 0);
    CHECK(with_headers("Empty:\r\nOther: \t \r\n") == 0);
    CHECK(with_headers("Text: \xC3\xA4\t\"%\"\r\n") == 0);
}

TEST_CASE("a body is not looked at, and what follows it is") {
    HeadCheck check{HeadLimits{}};
    const std::string head = "POST / HTTP/1.1\r\ncontent-length:  7 \r\n\r\n";
    CHECK_FALSE(check.feed(head + "\n \r\n\r\n\xFF"));
    CHECK_FALSE(check.feed(kGood));
    CHECK(check.feed("G\n"));
}

TEST_CASE("lines end with CR LF") {
    CHECK(status_of("GET / HTTP/1.1\nHost: h\n\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: h\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\n\n") == 400);
    CHECK(with_headers("A: b\rC: d\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\rHost: h\r\n\r\n") == 400);
    CHECK(status_of("\n" + std::string{kGood}) == 400);
    CHECK(status_of("\r\n\r\n" + std::string{kGood}) == 400);
}

TEST_CASE("no header is continued on the next line") {
    CHECK(with_headers("A: b\r\n c\r\n") == 400);
    CHECK(with_headers("A: b\r\n\tc\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\n Host: h\r\n\r\n") == 400);
}

TEST_CASE("other versions are told so") {
    CHECK(start_line("GET / HTTP/1.0") == 505);
    CHECK(start_line("GET / HTTP/1.2") == 505);
    CHECK(start_line("GET / HTTP/2.0") == 505);
    CHECK(start_line("GET / HTTP/11") == 400);
    CHECK(start_line("GET / http/1.1") == 400);
    CHECK(start_line("GET / HTTP/1.1 ") == 400);
    CHECK(start_line("GET /") == 400);
}

TEST_CASE("methods that no route could know are 501") {
    CHECK(start_line("PROPFIND / HTTP/1.1") == 501);
    CHECK(start_line("CONNECT h:1 HTTP/1.1") == 501);
    CHECK(start_line("get / HTTP/1.1") == 501);
    CHECK(start_line("A-WORD-THAT-IS-LONGER-THAN-ANY-METHOD / HTTP/1.1") == 501);
    CHECK(start_line(" / HTTP/1.1") == 400);
    CHECK(start_line("G(T / HTTP/1.1") == 400);
    CHECK(status_of("\x16\x03\x01") == 400);
}

TEST_CASE("a target is a path without raw bytes") {
    CHECK(start_line("GET http://h/ HTTP/1.1") == 400);
    CHECK(start_line("GET * HTTP/1.1") == 400);
    CHECK(start_line("GET  HTTP/1.1") == 400);
    CHECK(start_line("GET /a b HTTP/1.1") == 400);
    CHECK(start_line("GET /\xC3\xA4 HTTP/1.1") == 400);
    CHECK(start_line("GET /a\x7F HTTP/1.1") == 400);
    CHECK(start_line(std::string{"GET /a\0b HTTP/1.1", 17}) == 400);
}

TEST_CASE("names and values of headers have no other characters") {
    CHECK(with_headers("A b: c\r\n") == 400);
    CHECK(with_headers("A : c\r\n") == 400);
    CHECK(with_headers(": c\r\n") == 400);
    CHECK(with_headers("A\r\n") == 400);
    CHECK(with_headers("A: \x01\r\n") == 400);
    CHECK(with_headers(std::string{"A: \0\r\n", 6}) == 400);
}

TEST_CASE("there is one length, and it is a number") {
    CHECK(with_headers("Content-Length: 5\r\nContent-Length: 5\r\n") == 400);
    CHECK(with_headers("Content-Length: 5\r\ncontent-length: 6\r\n") == 400);
    CHECK(with_headers("Content-Length: 5, 5\r\n") == 400);
    CHECK(with_headers("Content-Length: 1 5\r\n") == 400);
    for (const std::string_view value : {"", "+5", "-5", "0x5", "5.0", "five"}) {
        CAPTURE(value);
        CHECK(with_headers("Content-Length: " + std::string{value} + "\r\n") == 400);
    }
}

TEST_CASE("a transfer coding is never taken") {
    CHECK(with_headers("Transfer-Encoding: chunked\r\n") == 411);
    CHECK(with_headers("transfer-encoding: Chunked\r\n") == 411);
    CHECK(with_headers("Transfer-Encoding: gzip, chunked\r\n") == 501);
    CHECK(with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") == 501);
    CHECK(with_headers("Transfer-Encoding:\r\n") == 501);
    CHECK(with_headers("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == 400);
    CHECK(with_headers("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n") == 400);
}

TEST_CASE("beyond a bound the status says which") {
    HeadLimits limits;
    limits.max_target_bytes = 8;
    limits.max_headers = 3;
    limits.max_header_bytes = 16;
    limits.max_head_bytes = 56;
    limits.max_body_bytes = 100;
    CHECK(status_of("GET /1234567 HTTP/1.1\r\n\r\n", limits) == 0);
    CHECK(status_of("GET /12345678 HTTP/1.1\r\n\r\n", limits) == 414);
    CHECK(with_headers("A:\r\nB:\r\n", limits) == 0);
    CHECK(with_headers("A:\r\nB:\r\nC:\r\n", limits) == 431);
    CHECK(with_headers("A:" + std::string(16, 'x') + "\r\n", limits) == 0);
    CHECK(with_headers("A:" + std::string(17, 'x') + "\r\n", limits) == 431);
    CHECK(with_headers(std::string(17, 'x') + ":\r\n", limits) == 431);
    CHECK(with_headers("A: 1234567890\r\nB: 1234567890\r\n", limits) == 431);
    CHECK(with_headers("Content-Length: 101\r\n", limits) == 413);
    CHECK(with_headers("Content-Length: 99999999999999999999999\r\n") == 413);
}

TEST_CASE("a refusal is a whole answer that ends the connection") {
    const std::string text = response_of({413, "The body is too large."}, "now");
    CHECK(
        text ==
        "HTTP/1.1 413 Content Too Large\r\nDate: now\r\nContent-Type: application/problem+json\r\n"
        "Content-Length: 95\r\nConnection: close\r\n\r\n"
        R"({"title":"Content Too Large","status":413,"code":"too_large","detail":"The body is too large."})");
}

}  // namespace dm::http
