#include "tests/unit/store_redis/redis_node.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

redis::RedisSettings impatient(const RedisProcess& server, const std::string& node) {
    redis::RedisSettings settings = settings_of(server, node);
    settings.timeout = 200ms;
    return settings;
}

/// Accepts, marks and ends commands c-<from> … until `stop()`, with a message each; then checks
/// that each has exactly one of everything.
class Load {
public:
    explicit Load(RedisNode& node) : node_(node) {}

    void add() {
        const std::string id = "c-" + std::to_string(count_);
        const std::string device = "d-" + std::to_string(count_ % 7);
        const core::CommandKey which = key(id, device);
        ++count_;
        node_->together([&] {
            node_->accept(accepted(which), [this] { ++done_; });
            node_->mark({which, proto::CommandState::sent, 1, {}, later(1s).wall, ""});
        });
        node_->mark({which, proto::CommandState::delivered, 1, {}, later(2s).wall, ""});
        node_->finish(finished(which, later(3s)), message(count_), [this] { ++done_; });
    }

    void run_until(const std::function<bool()>& stop) {
        node_.until([&] {
            if (done_ == 2 * count_) {
                add();
            }
            return stop();
        });
    }

    void complete() {
        node_.until([&] { return done_ == 2 * count_; });
    }

    [[nodiscard]] std::size_t count() const { return count_; }

    void check() {
        std::vector<std::uint64_t> numbers;
        for (std::size_t i = 0; i < count_; ++i) {
            const auto record =
                node_.query(key("c-" + std::to_string(i), "d-" + std::to_string(i % 7)));
            REQUIRE(record);
            CHECK(record->state == proto::CommandState::succeeded);
            CHECK(record->accepted_at == kStart.wall);
            CHECK(record->history.size() == 4);
            numbers.push_back(i + 1);
        }
        CHECK(node_.find_outbox(numbers).size() == count_);
        CHECK(node_.fatal.empty());
        CHECK(node_.lost.empty());
    }

private:
    RedisNode& node_;
    std::size_t count_ = 0;
    std::size_t done_ = 0;
};

}  // namespace

TEST_CASE("when the connection is cut in the middle everything completes, once") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    Load load(node);
    for (int cuts = 0; cuts < 20; ++cuts) {
        const std::size_t goal = load.count() + 20;
        for (int i = 0; i < 30; ++i) {
            load.add();
        }
        server.drop_clients();
        load.run_until([&] { return load.count() >= goal; });
    }
    load.complete();
    CHECK(node.became_unwritable > 0);
    load.check();
}

TEST_CASE("when Redis is killed and comes back everything completes, once") {
    RedisProcess server;
    RedisNode node(impatient(server, "n1"));
    Load load(node);
    for (int kills = 0; kills < 3; ++kills) {
        const std::size_t goal = load.count() + 50;
        load.run_until([&] { return load.count() >= goal; });
        for (int i = 0; i < 300; ++i) {
            load.add();
        }
        server.kill();
        const int before = node.became_unwritable;
        load.add();
        node.until([&] { return node.became_unwritable > before; });
        server.start();
        load.complete();
        CHECK(node->writable());
    }
    load.check();
}

TEST_CASE("when Redis hangs the same is sent again, and what it did get is not done twice") {
    const RedisProcess server;
    RedisNode node(impatient(server, "n1"));
    Load load(node);
    for (int hangs = 0; hangs < 3; ++hangs) {
        const std::size_t goal = load.count() + 20;
        load.run_until([&] { return load.count() >= goal; });
        for (int i = 0; i < 100; ++i) {
            load.add();
        }
        const int before = node.became_unwritable;
        server.pause();
        node.until([&] { return node.became_unwritable > before; });
        server.resume();
        load.complete();
    }
    load.check();
}

TEST_CASE("an attach whose answer was lost is not another one") {
    const RedisProcess server;
    redis::RedisSettings settings = impatient(server, "n1");
    RedisNode node(settings);
    node.accept(accepted(key("c-1", "d-1")));
    // What is sent waits in the kernel until Redis goes on, and is then executed: Redis reads the
    // connection that was given up before it reads the one with the same again, or not at all.
    const std::uint64_t before = node.attach("d-1").epoch;
    server.pause();
    std::optional<store::AttachResult> result;
    node->attach(device_id("d-1"), "again", [&](auto answer) { result = answer; });
    node.until([&] { return node.became_unwritable > 0; });
    server.resume();
    node.until([&] { return result.has_value(); });
    const auto& attached = std::get<store::Attached>(*result);
    CHECK(attached.epoch > before);
    REQUIRE(attached.previous.has_value());
    CHECK(attached.previous->epoch == before);
    CHECK(attached.previous->remote == "peer");
}

TEST_CASE("requests that come a second time are answered as the first time") {
    const RedisProcess server;
    redis::RedisSettings settings = settings_of(server, "n1");
    redis::Standing standing;
    redis::Calls calls(settings, standing, {});
    redis::Link link(*redis::parse_url(settings.url), settings);
    REQUIRE(link.connect());
    const auto twice = [&](const redis::Call& call) {
        const auto first = link.exchange(call);
        const auto second = link.exchange(call);
        REQUIRE(first.trouble == redis::Trouble::none);
        REQUIRE(second.trouble == redis::Trouble::none);
        return std::pair(first.replies.front(), second.replies.front());
    };
    RedisNode dead(server, "n2");
    static_cast<void>(dead.attach("d-1"));
    dead.accept(accepted(key("c-1", "d-1")));
    dead.accept(accepted(key("c-1", "d-2")));
    dead.accept(accepted(key("c-1", "d-3")));
    dead.put(message(1));
    dead.close();

    const auto [owned, owned_again] = twice(calls.own(device_id("d-3"), {}));
    CHECK(owned_again.at(1).number() == 0);
    CHECK(owned_again.at(2).elements.size() == 1);
    const auto [adopted, adopted_again] = twice(calls.adopt({}));
    REQUIRE(adopted.elements.size() == 2);
    REQUIRE(adopted_again.elements.size() == 2);
    const auto again = redis::read_adopted(adopted_again, kStart);
    CHECK(again[0].device.str() == "d-1");
    CHECK(again[0].ended->node == "n2");
    CHECK(again[1].unfinished.size() == 1);
    const auto [moved, moved_again] = twice(calls.adopt_outbox(5, {}));
    REQUIRE(moved_again.elements.size() == 1);
    CHECK(moved_again.at(0).number() == 6);
    const auto [attached, attached_again] = twice(calls.attach(device_id("d-1"), "peer", {}));
    CHECK(attached_again.at(1).text == attached.at(1).text);
    CHECK(attached_again.at(2).number() == attached.at(2).number());
    CHECK(attached_again.at(3).at(3).number() == attached.at(3).at(3).number());
    CHECK(twice(calls.accept(accepted(key("c", "d-9")), {})).second.is("ok"));
    static_cast<void>(twice(calls.finish(finished(key("c", "d-9")), {}, {})));
    static_cast<void>(twice(calls.accept(accepted(key("c", "d-9")), {})));
    CHECK(server.ask({"EXISTS", "dm:{d-9}:u:c"}).integer == 0);
    CHECK(server.ask({"HGET", "dm:{d-9}:dir", "ended"}).text == "1");
    const auto [first, lease] = twice(calls.lease(redis::Calls::Taking::renew, "t-1"));
    CHECK(lease.at(1).text == "t-1");
    const auto renewed = link.exchange(calls.lease(redis::Calls::Taking::renew, "t-2"));
    CHECK(renewed.replies.front().at(1).text == "t-1");
}

TEST_CASE("scripts that were flushed are loaded again") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    Load load(node);
    for (int i = 0; i < 3; ++i) {
        server.tell({"SCRIPT", "FLUSH"});
        load.add();
        load.complete();
    }
    CHECK(node.became_unwritable == 0);
    load.check();
}

TEST_CASE("while Redis is away nothing is accepted and queries fail at once") {
    RedisProcess server;
    RedisNode node(impatient(server, "n1"));
    CHECK(node->writable());
    server.kill();
    bool failed = false;
    node->find_command(key("c-1"), [&](const auto& answer) {
        failed = !answer && answer.error() == store::QueryProblem::failed;
    });
    node.until([&] { return failed; });
    CHECK_FALSE(node->writable());
    node.until([&] { return node.became_unwritable > 0; });
    CHECK(node.why.find("127.0.0.1:") == 0);
    bool accepted_it = false;
    node->accept(accepted(key("c-1")), [&] { accepted_it = true; });
    CHECK(node->backlog() > 0);
    server.start();
    node.until([&] { return accepted_it; });
    node.until([&] { return node.became_writable > 0; });
    CHECK(node->writable());
    CHECK(node->backlog() == 0);
}

TEST_CASE("a Redis that has become a replica is away until it is the primary again") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    Load load(node);
    server.tell({"REPLICAOF", "127.0.0.1", "1"});
    load.add();
    node.until([&] { return node.became_unwritable > 0; });
    CHECK_FALSE(node->writable());
    server.tell({"REPLICAOF", "NO", "ONE"});
    load.complete();
    node.until([&] { return node.became_writable > 0; });
    load.check();
}

TEST_CASE("without memory nothing is accepted until there is some, and everything completes once") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    Load load(node);
    load.add();
    load.complete();
    node.accept(accepted(key("waiting")));
    server.tell({"CONFIG", "SET", "maxmemory", "1"});
    load.add();
    node.until([&] { return node.became_unwritable > 0; });
    CHECK_FALSE(node->has_space());
    CHECK_FALSE(node->writable());
    CHECK(node.why.find("OOM") == 0);
    server.tell({"CONFIG", "SET", "maxmemory", "0"});
    load.complete();
    node.until([&] { return node.became_writable > 0; });
    CHECK(node->has_space());
    load.check();
}

TEST_CASE("somebody else's keys are a fatal error, not a loss") {
    const RedisProcess server;
    RedisNode node(server, "n1");
    server.tell({"SET", "dm:{d-1}:order", "what is this"});
    node->accept(accepted(key("c-1", "d-1")), [] { CHECK(false); });
    node.until([&] { return !node.fatal.empty(); });
    CHECK(node.fatal.find("WRONGTYPE") == 0);
    CHECK_FALSE(node->writable());
}

TEST_CASE("what was called before the end is written") {
    const RedisProcess server;
    {
        RedisNode node(server, "n1");
        for (int i = 0; i < 2500; ++i) {
            node->accept(accepted(key(std::to_string(i))), [] {});
        }
        node->imported(5);
    }
    const RedisNode again(server, "n1");
    CHECK(again.loaded.unfinished.size() == 2500);
    CHECK(again.loaded.durable_lsn == 5);
}
