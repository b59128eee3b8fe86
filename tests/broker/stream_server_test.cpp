#include "device-mgmt/http/stream_server.hpp"

#include "tests/broker/wire.hpp"

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <doctest/doctest.h>

using namespace dm::http;
using dm::test::TcpClient;

namespace {

/// A server on a loop of its own; every request is given to `on`, on that loop.
struct Bench final : RequestListener {
    explicit Bench(StreamSettings settings = {}) : server(io, std::move(settings), *this) {
        REQUIRE(server.start());
        thread = std::thread([this] { io.run(); });
    }

    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    ~Bench() override {
        io.stop();
        thread.join();
    }

    void on_request(ExchangeId exchange, HttpRequest request) override {
        requests.push_back(request.path);
        on(exchange, request);
    }

    void on_gone(ExchangeId exchange) override { gone.push_back(exchange); }

    void on_refused(std::string_view /*remote*/, int status, std::string_view /*why*/) override {
        refused.push_back(status);
    }

    void on_drained(ExchangeId /*exchange*/) override { ++drained; }

    /// Looks at what only the loop may touch, until it is so.
    void wait_for(const std::function<bool()>& is_so) {
        bool found = false;
        while (!found) {
            std::atomic<bool> looked{false};
            asio::post(io, [&] {
                found = is_so();
                looked = true;
            });
            while (!looked) {
                std::this_thread::yield();
            }
        }
    }

    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    std::vector<std::string> requests;
    std::vector<ExchangeId> gone;
    std::vector<int> refused;
    int drained = 0;
    std::function<void(ExchangeId, const HttpRequest&)> on;
    StreamServer server;
    std::thread thread;
};

HttpResponse text(std::string body) {
    HttpResponse response;
    response.body = std::move(body);
    return response;
}

std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

}  // namespace

TEST_CASE("an answer may come later, and then the next request") {
    Bench bench;
    ExchangeId waiting = 0;
    bench.on = [&](ExchangeId exchange, const HttpRequest& /*request*/) { waiting = exchange; };
    TcpClient client(bench.server.port());
    for (const char* path : {"/a", "/b"}) {
        client.write(get(path));
        bench.wait_for([&] { return waiting != 0 && bench.requests.back() == path; });
        asio::post(bench.io, [&] { bench.server.answer(std::exchange(waiting, 0), text(path)); });
        CHECK(client.read_until(path).find("200 OK") != std::string::npos);
    }
    bench.wait_for([&] { return bench.server.open() == 0; });
    CHECK(bench.gone.empty());
}

TEST_CASE("a stream is chunked, in order, and leaves the connection usable") {
    Bench bench;
    bench.on = [&](ExchangeId exchange, const HttpRequest& /*request*/) {
        bench.server.begin_stream(exchange, text("first "));
        CHECK(bench.server.send(exchange, "second "));
        CHECK(bench.server.send(exchange, "third"));
        bench.server.end_stream(exchange);
        CHECK_FALSE(bench.server.send(exchange, "after the end"));
    };
    TcpClient client(bench.server.port());
    for (int turn = 0; turn < 2; ++turn) {
        client.write(get("/"));
        const std::string answer = client.read_until("\r\n0\r\n\r\n");
        CHECK(answer.find("Transfer-Encoding: chunked") != std::string::npos);
        CHECK(answer.find("first second third") != std::string::npos);
    }
}

TEST_CASE("a client that leaves is noticed without a write") {
    Bench bench;
    bench.on = [&](ExchangeId exchange, const HttpRequest& request) {
        if (request.path == "/stream") {
            bench.server.begin_stream(exchange, text("begun"));
        }
    };
    {
        TcpClient waits(bench.server.port());
        waits.write(get("/waits"));
        TcpClient reads(bench.server.port());
        reads.write(get("/stream"));
        CHECK_FALSE(reads.read_until("begun").empty());
        bench.wait_for([&] { return bench.server.open() == 2; });
    }
    bench.wait_for([&] { return bench.gone.size() == 2 && bench.server.open() == 0; });
}

TEST_CASE("a request before the answer to the last one closes the connection") {
    Bench bench;
    bench.on = [&](ExchangeId exchange, const HttpRequest& /*request*/) {
        bench.server.answer(exchange, text("answered"));
    };
    TcpClient client(bench.server.port());
    client.write(get("/first") + get("/second"));
    const std::string answer = client.read_until_closed();
    bench.wait_for([&] { return bench.server.open() == 0; });
    CHECK(bench.requests == std::vector<std::string>{"/first"});
    CHECK(answer.find("answered", answer.find("answered") + 1) == std::string::npos);
}

TEST_CASE("a client that does not read is cut off when its stream is full") {
    Bench bench;
    bool cut_off = false;
    bench.on = [&](ExchangeId exchange, const HttpRequest& /*request*/) {
        bench.server.begin_stream(exchange, text(""));
        // Within one turn of the loop nothing is written: the bound is that of the queue.
        for (int i = 0; i < 1000 && !cut_off; ++i) {
            cut_off = !bench.server.send(exchange, std::string(1024, 'x'));
        }
    };
    TcpClient client(bench.server.port());
    client.write(get("/"));
    bench.wait_for([&] { return bench.gone.size() == 1; });
    CHECK(cut_off);
}

TEST_CASE("what was sent is reported when it is written") {
    Bench bench;
    bench.on = [&](ExchangeId exchange, const HttpRequest& /*request*/) {
        bench.server.begin_stream(exchange, text("x"));
    };
    TcpClient client(bench.server.port());
    client.write(get("/"));
    bench.wait_for([&] { return bench.drained == 1; });
}

TEST_CASE("an exception of the listener is a problem for its client only") {
    Bench bench;
    bench.on = [&](ExchangeId exchange, const HttpRequest& request) {
        if (request.path == "/throws") {
            throw std::runtime_error("a bug");
        }
        bench.server.answer(exchange, text("fine"));
    };
    TcpClient client(bench.server.port());
    client.write(get("/throws"));
    CHECK(client.read_until("internal").find("500 Internal") != std::string::npos);
    client.write(get("/"));
    CHECK_FALSE(client.read_until("fine").empty());
}

TEST_CASE("connections beyond the bound are closed, and there is room again") {
    StreamSettings settings;
    settings.limits.max_connections = 1;
    Bench bench(settings);
    bench.on = [&](ExchangeId exchange, const HttpRequest& /*request*/) {
        bench.server.answer(exchange, text("served"));
    };
    {
        TcpClient first(bench.server.port());
        first.write(get("/"));
        CHECK_FALSE(first.read_until("served").empty());
        const TcpClient second(bench.server.port());
        CHECK(second.read_until_closed().empty());
    }
    // The first one's end is noticed some time after it.
    for (bool served = false; !served;) {
        TcpClient again(bench.server.port());
        again.write(get("/"));
        served = again.read_until("served").find("served") != std::string::npos;
    }
}
