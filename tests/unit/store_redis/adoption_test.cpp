#include "tests/unit/store_redis/redis_node.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

TEST_CASE("a survivor adopts commands and sessions of a node that died, each once") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    RedisNode three(server, "n3");
    const std::uint64_t epoch = one.attach("both", "peer").epoch;
    one->save_device(connected("both", epoch));
    static_cast<void>(one.attach("session"));
    const std::uint64_t ended = one.attach("over").epoch;
    CHECK(one.detach("over", ended));
    one.accept(accepted(key("c-1", "both")));
    one.accept(accepted(key("c-2", "both")));
    one.accept(accepted(key("c-1", "commands")));
    one.finish(finished(key("c-9", "done")));
    CHECK(two.adopt().empty());
    one.close();

    std::vector<store::Adopted> adopted = two.adopt();
    std::sort(adopted.begin(), adopted.end(), [](const auto& a, const auto& b) {
        return a.device < b.device;
    });
    REQUIRE(adopted.size() == 3);
    CHECK(adopted[0].device.str() == "both");
    REQUIRE(adopted[0].unfinished.size() == 2);
    CHECK(adopted[0].unfinished[0].key.id == "c-1");
    REQUIRE(adopted[0].ended.has_value());
    CHECK(adopted[0].ended->node == "n1");
    CHECK(adopted[0].ended->epoch == epoch);
    CHECK(adopted[0].ended->remote == "peer");
    CHECK(adopted[1].device.str() == "commands");
    CHECK(adopted[1].unfinished.size() == 1);
    CHECK_FALSE(adopted[1].ended.has_value());
    CHECK(adopted[2].device.str() == "session");
    CHECK(adopted[2].unfinished.empty());
    CHECK(adopted[2].ended.has_value());
    CHECK_FALSE(two.find_device("both")->online);
    CHECK(two.find_device("both")->reason == store::kNodeStopped);

    CHECK(two.adopt().empty());
    CHECK(three.adopt().empty());
    CHECK(std::get<store::Elsewhere>(three.try_own("both")).node == "n2");
    two.finish(finished(key("c-1", "both")));
    CHECK(two.attach("session").previous->over);
    // Nothing is left of the dead process.
    CHECK(server.ask({"SMEMBERS", "dm:owners"}).elements.size() == 1);
}

TEST_CASE("a session that died is told by who owns its device by then") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    RedisNode three(server, "n3");
    static_cast<void>(one.attach("d-1"));
    one.close();
    CHECK_FALSE(std::get<store::Owned>(two.try_own("d-1")).owned_before);
    CHECK(three.adopt().empty());
    const auto adopted = two.adopt();
    REQUIRE(adopted.size() == 1);
    CHECK(adopted[0].ended->node == "n1");
    CHECK(two.adopt().empty());
}

TEST_CASE("a hundred devices are adopted at once") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    int done = 0;
    for (int i = 0; i < 250; ++i) {
        one->accept(accepted(key("c", "d-" + std::to_string(i))), [&] { ++done; });
    }
    one.until([&] { return done == 250; });
    one.close();
    std::set<std::string> devices;
    std::vector<std::size_t> sizes;
    for (auto adopted = two.adopt(); !adopted.empty(); adopted = two.adopt()) {
        sizes.push_back(adopted.size());
        for (const store::Adopted& device : adopted) {
            devices.insert(device.device.str());
            CHECK(device.unfinished.size() == 1);
        }
    }
    CHECK(sizes == std::vector<std::size_t>{100, 100, 50});
    CHECK(devices.size() == 250);
}

TEST_CASE("messages of a node that died are taken over, under numbers behind all own ones") {
    const RedisProcess server;
    RedisNode one(server, "n1");
    RedisNode two(server, "n2");
    for (const std::uint64_t number : {9U, 10U, 100U}) {
        one.put(message(number, "message " + std::to_string(number)));
    }
    two.put(message(70));
    CHECK(two.adopt_outbox(7).empty());
    one.close();
    CHECK(two.adopt_outbox(7) == std::vector<std::uint64_t>{71, 72, 73});
    const auto rows = two.find_outbox({70, 71, 72, 73});
    REQUIRE(rows.size() == 4);
    CHECK(rows[1].payload == "message 9");
    CHECK(rows[2].payload == "message 10");
    CHECK(rows[3].payload == "message 100");
    CHECK(two.adopt_outbox(100).empty());
    CHECK(RedisNode(server, "n1").loaded.outbox.empty());
    for (std::uint64_t number = 1; number <= 600; ++number) {
        two->put_outbox(message(number), [] {});
    }
    two.settle();
    two.close();
    RedisNode three(server, "n3");
    const auto first = three.adopt_outbox(1000);
    REQUIRE(first.size() == 500);
    CHECK(first.front() == 1001);
    CHECK(three.adopt_outbox(1500).size() == 100);
}

TEST_CASE("a node that is back has its messages, and no other takes them") {
    const RedisProcess server;
    RedisNode two(server, "n2");
    {
        RedisNode one(server, "n1");
        one.put(message(1));
    }
    RedisNode again(server, "n1");
    CHECK(again.loaded.outbox == std::vector<std::uint64_t>{1});
    CHECK(two.adopt_outbox(7).empty());
}
