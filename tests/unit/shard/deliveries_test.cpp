#include "device-mgmt/shard/deliveries.hpp"

#include "tests/unit/core/session_bench.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

using dm::shard::Deliveries;
using dm::test::SessionBench;
namespace core = dm::core;
namespace proto = dm::proto;

namespace {

/// Sessions by number, and a loop that is run a turn at a time.
struct Hall {
    SessionBench& session(std::uint64_t number, proto::Format format = proto::Format::json) {
        auto& bench = sessions[number];
        bench = std::make_unique<SessionBench>(
            SessionBench::Options{{"n1"}, format, std::nullopt, true});
        return *bench;
    }

    void deliver(std::uint64_t number, std::vector<std::uint64_t> to, std::string data = "1") {
        deliveries.add({number,
                        std::make_shared<proto::StreamMessage>(
                            proto::StreamMessage{"public.news", std::nullopt, std::move(data)}),
                        std::move(to)});
    }

    [[nodiscard]] std::size_t received() const {
        std::size_t count = 0;
        for (const auto& [number, bench] : sessions) {
            count += bench->link.sent.size();
        }
        return count;
    }

    std::map<std::uint64_t, std::unique_ptr<SessionBench>> sessions;
    asio::io_context io;
    dm::ops::Metrics metrics{"test"};
    std::vector<core::Delivered> done;
    Deliveries deliveries{io,
                          metrics,
                          std::chrono::milliseconds{0},
                          [this](std::uint64_t number) {
                              const auto it = sessions.find(number);
                              return it == sessions.end() ? nullptr : &it->second->session;
                          },
                          [this](core::Delivered delivered) { done.push_back(delivered); }};
};

std::vector<std::uint64_t> numbers(std::uint64_t count) {
    std::vector<std::uint64_t> all(count);
    std::iota(all.begin(), all.end(), std::uint64_t{1});
    return all;
}

}  // namespace

TEST_CASE("a message reaches each session once, in its own format") {
    Hall hall;
    SessionBench& text = hall.session(1);
    SessionBench& binary = hall.session(2, proto::Format::cbor);
    hall.deliver(7, {1, 2, 3});
    hall.io.run();
    CHECK(text.last<proto::StreamMessage>().stream == "public.news");
    CHECK(binary.last<proto::StreamMessage>().data == "1");
    CHECK(hall.received() == 2);
    REQUIRE(hall.done.size() == 1);
    CHECK(hall.done[0].number == 7);
    CHECK(hall.done[0].sent == 2);
}

TEST_CASE("a session that reads too slowly misses it, the others do not") {
    Hall hall;
    hall.session(1).link.unsent = 200'000;
    hall.session(2);
    hall.deliver(7, {1, 2});
    hall.io.run();
    CHECK(hall.done.at(0).sent == 1);
    CHECK(hall.sessions[2]->link.sent.size() == 1);
    CHECK(hall.metrics.text().find("dm_messages_total{result=\"dropped\"} 1") != std::string::npos);
}

TEST_CASE("one turn of the loop hands out a slice, and other work comes in between") {
    Hall hall;
    constexpr std::uint64_t kSessions = 3 * Deliveries::kSlice;
    for (const std::uint64_t number : numbers(kSessions)) {
        hall.session(number);
    }
    hall.deliver(0, numbers(kSessions));
    hall.io.run_one();
    CHECK(hall.received() == Deliveries::kSlice);
    hall.io.run();
    CHECK(hall.received() == kSessions);
    CHECK(hall.done.empty());  // nobody wanted an answer
}

TEST_CASE("a slice of long messages is shorter") {
    Hall hall;
    for (const std::uint64_t number : numbers(20)) {
        hall.session(number);
    }
    hall.deliver(0, numbers(20), "\"" + std::string(60'000, 'x') + "\"");
    hall.io.run_one();
    CHECK(hall.received() == 5);
    hall.io.run();
    CHECK(hall.received() == 20);
}

TEST_CASE("messages that wait are bounded, those beyond are dropped for everybody") {
    Hall hall;
    hall.session(1);
    for (std::uint64_t i = 1; i <= Deliveries::kMaxWaiting + 1; ++i) {
        hall.deliver(i, {1});
    }
    REQUIRE(hall.done.size() == 1);
    CHECK(hall.done[0].sent == 0);
    hall.io.run();
    CHECK(hall.done.size() == Deliveries::kMaxWaiting + 1);
    CHECK(hall.received() == Deliveries::kMaxWaiting);
}
