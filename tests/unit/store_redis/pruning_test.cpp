#include "tests/unit/store_redis/redis_node.hpp"

#include <atomic>
#include <memory>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

/// A clock moved by hand while the store's thread reads it.
class Hand {
public:
    [[nodiscard]] core::Clock clock() const {
        return [ahead = ahead_] { return later(core::Duration(ahead->load())); };
    }

    void move_to(core::Duration ahead) { *ahead_ = ahead.count(); }

private:
    std::shared_ptr<std::atomic<core::Duration::rep>> ahead_ =
        std::make_shared<std::atomic<core::Duration::rep>>(0);
};

redis::RedisSettings keep(const RedisProcess& server,
                          const Hand& hand,
                          std::chrono::hours age,
                          std::size_t count) {
    redis::RedisSettings settings = settings_of(server, "n1");
    settings.keep = {age, count};
    settings.clock = hand.clock();
    return settings;
}

void end(RedisNode& node, const std::string& id, core::Moment at) {
    node.accept(accepted(key(id), at));
    node.finish(finished(key(id), at));
}

}  // namespace

TEST_CASE("ends go when they are old enough, and their ids with them") {
    const RedisProcess server;
    Hand hand;
    RedisNode node(keep(server, hand, 24h, 1000));
    end(node, "old", kStart);
    end(node, "young", later(2h));
    hand.move_to(24h);
    node.ask_until([&] { return !node.find(key("old")); });
    CHECK(node.find(key("young")));
    CHECK(node->dedup_horizon(later(24h).wall) == 22h);
    CHECK(server.ask({"EXISTS", "dm:id:old"}).integer == 0);
    CHECK(server.ask({"ZCARD", "dm:{dev-1}:ends"}).integer == 1);
    CHECK(server.ask({"ZCARD", "dm:ends"}).integer == 1);
}

TEST_CASE("beyond the bound the oldest go, but none that its publisher may still repeat") {
    const RedisProcess server;
    Hand hand;
    RedisNode node(keep(server, hand, 24h, 3));
    for (int i = 0; i < 6; ++i) {
        end(node, "c-" + std::to_string(i), later(std::chrono::seconds(i)));
    }
    // A minute of ttl and an hour are not over.
    hand.move_to(1h);
    node.settle();
    node.settle();
    CHECK(node.find(key("c-0")));
    hand.move_to(1h + 2min);
    node.ask_until([&] { return !node.find(key("c-2")); });
    CHECK_FALSE(node.find(key("c-0")));
    CHECK(node.find(key("c-3")));
    CHECK(node.find(key("c-5")));
    // Had anything older been kept, what was removed would still count.
    CHECK(node->dedup_horizon(later(10s).wall) == 7s);
}

TEST_CASE("an end that nobody prunes goes by itself") {
    const RedisProcess server;
    Hand hand;
    RedisNode node(keep(server, hand, 24h, 3));
    end(node, "c-1", kStart);
    const auto left = server.ask({"PTTL", "dm:{dev-1}:f:c-1"}).integer;
    CHECK(left > 24 * 3'600'000);
    CHECK(left <= 25 * 3'600'000);
}
