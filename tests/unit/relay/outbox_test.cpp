#include "device-mgmt/relay/outbox.hpp"

#include "tests/support/memory_broker.hpp"
#include "tests/support/memory_store.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using broker::PublishResult;
using namespace std::chrono_literals;

/// Passes what the broker says on to the outbox, as the relay does.
struct Office final : broker::BrokerListener {
    test::MemoryBroker broker;
    std::vector<std::string> parked;
    core::Instant now{};
    test::MemoryStore store{{}, [](const std::function<void()>& done) { done(); }};
    std::optional<Outbox> process;

    Office() {
        broker.start(*this);
        start();
    }

    /// Another process begins with what is stored.
    void start() {
        const store::Loaded loaded = store.load({});
        process.emplace(
            broker, store, loaded.outbox, loaded.acknowledged, [this](const auto& message) {
                parked.push_back(message.topic);
            });
    }

    Outbox& outbox() { return *process; }

    void tick() {
        process->tick(now);
        process->publish_doubted();
    }

    void put_stored(const Publication& publication) {
        const std::uint64_t number = outbox().next_number();
        store.put_outbox(to_row(publication, number, std::nullopt),
                         [&] { outbox().put_stored(number, publication); });
    }

    void on_connected(bool /*session_present*/) override { outbox().retry(); }

    void on_disconnected(std::string_view /*reason*/) override {}

    void on_message(broker::InboundMessage /*message*/) override {}

    void on_published(broker::PublishTicket ticket, PublishResult result) override {
        outbox().published(ticket, result, now);
    }
};

Publication to(const std::string& topic, const std::string& payload = "x") {
    Publication publication;
    publication.message.topic = topic;
    publication.message.payload = payload;
    publication.message.qos = 1;
    return publication;
}

broker::OutboundMessage retained(const std::string& topic, const std::string& payload) {
    broker::OutboundMessage message = to(topic, payload).message;
    message.retain = true;
    return message;
}

std::vector<std::string> payloads(const std::vector<test::MemoryBroker::Published>& published) {
    std::vector<std::string> all;
    all.reserve(published.size());
    for (const auto& each : published) {
        all.push_back(each.message.payload);
    }
    return all;
}

}  // namespace

TEST_CASE("what is put while the broker is away is published when it comes, in order") {
    Office office;
    office.outbox().put(to("t", "1"));
    office.outbox().put(to("t", "2"));
    CHECK(office.broker.published().empty());
    office.broker.connect();
    CHECK(payloads(office.broker.published()) == std::vector<std::string>{"1", "2"});
    CHECK(office.outbox().size() == 2);
    office.broker.settle_all();
    CHECK(office.outbox().size() == 0);
}

TEST_CASE("a publish whose connection was lost is published again, the same bytes") {
    Office office;
    office.broker.connect();
    office.outbox().put(to("t", "1"));
    office.broker.disconnect();
    CHECK(office.outbox().size() == 1);
    CHECK(office.broker.take_published().size() == 1);
    office.broker.connect();
    CHECK(payloads(office.broker.take_published()) == std::vector<std::string>{"1"});
    office.broker.settle_all();
    CHECK(office.outbox().size() == 0);
}

TEST_CASE("a refused topic is tried once more on its fallback, then parked") {
    Office office;
    office.broker.connect();
    Publication publication = to("r/1");
    publication.fallback_topic = "dm/replies/d";
    office.outbox().put(publication);
    office.broker.settle(office.broker.published().back().ticket, PublishResult::refused);
    CHECK(office.broker.published().back().message.topic == "dm/replies/d");
    CHECK(office.parked.empty());
    office.broker.settle(office.broker.published().back().ticket, PublishResult::refused);
    CHECK(office.parked == std::vector<std::string>{"dm/replies/d"});
    CHECK(office.outbox().size() == 0);
    CHECK(office.broker.published().size() == 2);
}

TEST_CASE("a stored message that is refused everywhere is parked: it stays in the store") {
    Office office;
    office.broker.connect();
    Publication publication = to("r/1");
    publication.fallback_topic = "dm/replies/d";
    office.put_stored(publication);
    office.broker.settle(office.broker.published().back().ticket, PublishResult::refused);
    office.broker.settle(office.broker.published().back().ticket, PublishResult::refused);
    CHECK(office.parked == std::vector<std::string>{"dm/replies/d"});
    CHECK(office.outbox().size() == 0);
    office.now += 1h;
    office.tick();
    office.outbox().distrust_broker();
    office.tick();
    CHECK(office.broker.published().size() == 2);
    CHECK(office.store.load({}).outbox.size() == 1);
}

TEST_CASE("what the broker acknowledged is forgotten a minute later, and not before") {
    Office office;
    office.broker.connect();
    office.put_stored(to("t"));
    office.broker.settle_all();
    office.now += 59s;
    office.tick();
    CHECK(office.store.load({}).outbox.size() == 1);
    office.now += 1s;
    office.tick();
    CHECK(office.store.load({}).outbox.empty());
}

TEST_CASE("stored messages beyond the bound wait in the store, and keep their order") {
    Office office;
    constexpr std::size_t kMessages = 2 * Outbox::kMaxHeld + 700;
    for (std::size_t i = 0; i < kMessages; ++i) {
        office.put_stored(to("t", std::to_string(i)));
    }
    CHECK(office.outbox().size() == kMessages);
    office.broker.connect();
    while (office.outbox().size() > 0) {
        office.broker.settle_all();
    }
    const auto published = office.broker.published();
    REQUIRE(published.size() == kMessages);
    bool in_order = true;
    for (std::size_t i = 0; i < kMessages; ++i) {
        in_order = in_order && published[i].message.payload == std::to_string(i);
    }
    CHECK(in_order);
}

TEST_CASE("what the broker may have lost waits for what it never acknowledged, and for its time") {
    Office office;
    office.broker.connect();
    constexpr std::size_t kAcknowledged = 2 * StoredMessages::kLeastPace + 10;
    for (std::size_t i = 0; i < kAcknowledged; ++i) {
        office.put_stored(to("t", "old"));
    }
    office.broker.settle_all();
    office.tick();
    office.put_stored(to("t", "new"));
    office.broker.disconnect();
    static_cast<void>(office.broker.take_published());
    office.start();
    office.broker.connect();
    CHECK(payloads(office.broker.take_published()) == std::vector<std::string>{"new"});
    CHECK(office.outbox().size() == 1);
    CHECK(office.outbox().doubted() == kAcknowledged);
    std::vector<std::size_t> steps;
    for (int step = 0; step < 4; ++step) {
        office.tick();
        steps.push_back(office.broker.take_published().size());
        office.broker.settle_all();
    }
    const std::size_t pace = StoredMessages::kLeastPace;
    CHECK(steps == std::vector<std::size_t>{pace, pace, 10, 0});
}

TEST_CASE("the store is told up to which message the broker has acknowledged all") {
    Office office;
    office.broker.connect();
    office.put_stored(to("t"));
    office.put_stored(to("t"));
    office.put_stored(to("t"));
    const auto published = office.broker.take_published();
    const auto acknowledged = [&](std::size_t which) {
        office.broker.settle(published.at(which).ticket, PublishResult::acknowledged);
        office.tick();
        return office.store.load({}).acknowledged;
    };
    CHECK(acknowledged(0) == 1);
    CHECK(acknowledged(2) == 1);
    CHECK(acknowledged(1) == 3);
}

TEST_CASE("numbers rise over a restart, also when no message was left") {
    Office office;
    office.broker.connect();
    office.put_stored(to("t"));
    office.broker.settle_all();
    office.now += 1min;
    office.tick();
    REQUIRE(office.store.load({}).outbox.empty());
    office.start();
    CHECK(office.outbox().next_number() == 2);
}

TEST_CASE("of a retained topic only the latest state waits") {
    Office office;
    office.outbox().put_retained(retained("p", "old"));
    office.outbox().put_retained(retained("p", "new"));
    CHECK(office.outbox().size() == 1);
    office.broker.connect();
    CHECK(payloads(office.broker.published()) == std::vector<std::string>{"new"});
}

TEST_CASE("a retained state that failed is not published after a newer one") {
    Office office;
    office.broker.connect();
    office.outbox().put_retained(retained("p", "old"));
    office.outbox().put_retained(retained("p", "new"));
    office.broker.disconnect();
    static_cast<void>(office.broker.take_published());
    office.broker.connect();
    CHECK(payloads(office.broker.published()) == std::vector<std::string>{"new"});
    office.broker.settle_all();
    CHECK(office.outbox().size() == 0);
    office.outbox().put_retained(retained("p", "later"));
    CHECK(payloads(office.broker.published()).back() == "later");
}

TEST_CASE("no more than the window is with the broker at once") {
    Office office;
    office.broker.connect();
    for (std::size_t i = 0; i < Outbox::kMaxInFlight + 10; ++i) {
        office.outbox().put(to("t"));
    }
    CHECK(office.broker.outstanding() == Outbox::kMaxInFlight);
    office.broker.settle_all();
    CHECK(office.outbox().size() == 0);
}

TEST_CASE("expendable messages are not taken beyond the bound") {
    Office office;
    for (std::size_t i = 0; i < Outbox::kMaxExpendable; ++i) {
        CHECK(office.outbox().put_expendable(to("a").message));
    }
    CHECK_FALSE(office.outbox().put_expendable(to("a").message));
    office.outbox().put(to("t"));
    CHECK(office.outbox().size() == Outbox::kMaxExpendable + 1);
}

}  // namespace dm::relay
