#include "device-mgmt/http/http_server.hpp"

#include "tests/broker/wire.hpp"

#include <atomic>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

using dm::http::HttpRequest;
using dm::http::HttpResponse;
using dm::http::HttpServer;
using dm::http::HttpSettings;
using dm::test::TcpClient;

namespace {

/// Answers with what it was asked.
HttpResponse echo(const HttpRequest& request) {
    if (request.path == "/throws") {
        throw std::runtime_error("a bug");
    }
    HttpResponse response;
    response.headers.emplace_back("X-Query", request.query);
    response.body = request.method + " " + request.path + " " + request.body;
    return response;
}

bool starts_with(const std::string& text, const std::string& start) {
    return text.compare(0, start.size(), start) == 0;
}

}  // namespace

TEST_CASE("requests on one connection are answered one after the other") {
    HttpServer server(HttpSettings{}, echo);
    REQUIRE(server.start());
    REQUIRE(server.port() != 0);
    TcpClient client(server.port());
    client.write("POST /a/b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    std::string answer = client.read_until("POST /a/b body");
    CHECK(starts_with(answer, "HTTP/1.1 200 OK\r\n"));
    CHECK(answer.find("X-Query: x=1\r\n") != std::string::npos);
    CHECK(answer.find("Connection: keep-alive\r\n") != std::string::npos);
    client.write("GET /throws HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(starts_with(client.read_until("internal error\n"), "HTTP/1.1 500 "));
    client.write("GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    answer = client.read_until_closed();
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.find("GET /c ") != std::string::npos);
}

TEST_CASE("HEAD gets no body") {
    HttpServer server(HttpSettings{}, echo);
    REQUIRE(server.start());
    TcpClient client(server.port());
    client.write("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_until_closed();
    CHECK(starts_with(answer, "HTTP/1.1 200 OK\r\n"));
    CHECK(answer.substr(answer.size() - 4) == "\r\n\r\n");
}

TEST_CASE("what is no HTTP or too large ends the connection and reaches no handler") {
    std::atomic<int> calls{0};
    HttpServer server(HttpSettings{}, [&calls](const HttpRequest& request) {
        ++calls;
        return echo(request);
    });
    REQUIRE(server.start());
    TcpClient nonsense(server.port());
    nonsense.write("\x16\x03\x01 this is TLS, or worse\r\n\r\n");
    const std::string answer = nonsense.read_until_closed();
    CHECK((answer.empty() || starts_with(answer, "HTTP/1.1 400 ")));
    TcpClient large(server.port());
    large.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n" +
                std::string(65537, 'x'));
    CHECK(large.read_until_closed().find("200 OK") == std::string::npos);
    TcpClient many(server.port());
    std::string headers;
    for (int i = 0; i < 100; ++i) {
        headers += "X-" + std::to_string(i) + ": y\r\n";
    }
    many.write("GET / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
    CHECK(many.read_until_closed().find("200 OK") == std::string::npos);
    server.stop();
    CHECK(calls == 0);
}

TEST_CASE("a port in use is an error that names it") {
    HttpServer first(HttpSettings{}, echo);
    REQUIRE(first.start());
    HttpSettings settings;
    settings.port = first.port();
    HttpServer second(settings, echo);
    const auto started = second.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().find("127.0.0.1:" + std::to_string(first.port())) != std::string::npos);
    CHECK(started.error().find("Address already in use") != std::string::npos);
}

TEST_CASE("stopping closes the connections and the port") {
    HttpServer server(HttpSettings{}, echo);
    REQUIRE(server.start());
    const TcpClient idle(server.port());
    idle.write("GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(starts_with(idle.read_until("GET /c "), "HTTP/1.1 200 OK"));
    server.stop();
    CHECK(idle.read_until_closed().empty());
    CHECK_THROWS_AS(TcpClient{server.port()}, std::runtime_error);
    server.stop();
}
