#include "device-mgmt/relay/inlet.hpp"

#include "tests/support/memory_ingress.hpp"
#include "tests/support/memory_store.hpp"

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <asio/post.hpp>
#include <doctest/doctest.h>

using dm::relay::Arrival;
using dm::relay::Inlet;
using dm::store::Lsn;

namespace {

dm::broker::InboundMessage publish(const std::string& payload) {
    dm::broker::InboundMessage message;
    message.topic = "dm/commands/d-1";
    message.payload = payload;
    return message;
}

/// An inlet whose records are only noted, and decided when the test says so.
struct Bench {
    explicit Bench(Lsn up_to = 0) : durable(up_to) {}

    void arrive(const std::string& payload) {
        inlet.arrived(publish(payload), {});
        io.restart();
        io.poll();
    }

    void replay() {
        inlet.replay([this] { replayed = true; });
    }

    void decide(Lsn lsn) {
        inlet.decide(lsn, [this, lsn] { decided.push_back(lsn); });
    }

    Lsn durable;
    asio::io_context io;
    dm::test::MemoryIngress log;
    dm::test::MemoryStore store{
        {}, [this](std::function<void()> done) { asio::post(io, std::move(done)); }};
    std::vector<std::string> taken;
    std::vector<Lsn> decided;
    bool replayed = false;
    Inlet inlet{io,
                store,
                log,
                durable,
                dm::relay::UuidSource(1),
                [this](Arrival& arrival) { taken.push_back(arrival.record.payload); },
                [](const std::string& why) { throw std::runtime_error(why); }};
};

}  // namespace

TEST_CASE("a publish is in the log before it is taken up, and keeps the id it was given there") {
    Bench bench;
    bench.inlet.arrived(publish("first"), {});
    CHECK(bench.log.last() == 1);
    CHECK(bench.taken.empty());
    const auto logged = dm::store::decode_ingress(bench.log.records.at(1));
    REQUIRE(logged);
    CHECK(logged->fallback_id.size() == 36);
    bench.io.poll();
    CHECK(bench.taken == std::vector<std::string>{"first"});
}

TEST_CASE("a payload that is too large is logged no longer than it takes to refuse it") {
    Bench bench;
    bench.arrive(std::string(1'000'000, 'x'));
    REQUIRE(bench.taken.size() == 1);
    CHECK(bench.taken[0].size() == dm::proto::kMaxHandedOverBytes + 1);
}

TEST_CASE("once it is closed, what comes is in the log and not taken up") {
    Bench bench;
    bench.arrive("1");
    bench.inlet.close();
    bench.arrive("2");
    bench.inlet.pump();
    CHECK(bench.log.last() == 2);
    CHECK(bench.taken == std::vector<std::string>{"1"});
}

TEST_CASE("what was decided is what is imported, in the order of the log") {
    Bench bench;
    bench.arrive("1");
    bench.arrive("2");
    bench.decide(2);
    CHECK(bench.decided.empty());
    CHECK(bench.store.durable_lsn() == 0);
    bench.decide(1);
    CHECK(bench.decided == std::vector<Lsn>{1, 2});
    CHECK(bench.store.durable_lsn() == 2);
    bench.inlet.release();
    CHECK(bench.log.records.empty());
}

TEST_CASE("a record whose decision is not kept is not imported either") {
    Bench bench;
    bench.arrive("1");
    bench.store.crash_after(0);
    bench.decide(1);
    CHECK(bench.store.durable_lsn() == 0);
}

TEST_CASE("what the log holds at the start is taken up once, in order, before it is done") {
    Bench bench;
    for (int i = 0; i < 1200; ++i) {
        dm::store::IngressRecord record;
        record.payload = std::to_string(i);
        REQUIRE(bench.log.append(dm::store::encode_ingress(record)));
    }
    bench.replay();
    CHECK(bench.replayed);
    REQUIRE(bench.taken.size() == 1200);
    CHECK(bench.taken.front() == "0");
    CHECK(bench.taken.back() == "1199");
}

TEST_CASE("the start does not run ahead of the store without bound") {
    Bench bench;
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE(bench.log.append(dm::store::encode_ingress({})));
    }
    bench.replay();
    CHECK_FALSE(bench.replayed);
    CHECK(bench.taken.size() < 5000);
    for (Lsn lsn = 1; lsn <= 10'000; ++lsn) {
        bench.decide(lsn);
        bench.inlet.pump();
    }
    CHECK(bench.replayed);
    CHECK(bench.taken.size() == 10'000);
    CHECK(bench.inlet.open() == 0);
}

TEST_CASE("a record that cannot be read is passed, and those behind it are not lost") {
    Bench bench;
    REQUIRE(bench.log.append("no record"));
    REQUIRE(bench.log.append(dm::store::encode_ingress({})));
    bench.replay();
    CHECK(bench.taken.size() == 1);
    bench.decide(2);
    CHECK(bench.store.durable_lsn() == 2);
}

TEST_CASE("while the store takes nothing, nothing is taken up") {
    Bench bench;
    bench.store.crash_after(0);  // not writable
    bench.arrive("1");
    CHECK(bench.taken.empty());
    CHECK(bench.inlet.open() == 1);
    static_cast<void>(bench.store.load({}));
    bench.inlet.pump();
    CHECK(bench.taken.size() == 1);
}

TEST_CASE("a publish that the log cannot take ends the process before it is acknowledged") {
    Bench bench;
    bench.log.problem = dm::store::AppendProblem::io;
    CHECK_THROWS(bench.inlet.arrived(publish("1"), {}));
}
