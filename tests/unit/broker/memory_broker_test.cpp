#include "tests/support/memory_broker.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using dm::broker::InboundMessage;
using dm::broker::OutboundMessage;
using dm::broker::PublishResult;
using dm::broker::PublishTicket;
using dm::test::MemoryBroker;

namespace {

class Log final : public dm::broker::BrokerListener {
public:
    std::vector<std::string> lines;
    std::vector<std::pair<PublishTicket, PublishResult>> outcomes;

    void on_connected(bool session_present) override {
        lines.emplace_back(session_present ? "connected again" : "connected");
    }

    void on_disconnected(std::string_view reason) override { lines.emplace_back(reason); }

    void on_message(InboundMessage message) override { lines.push_back(message.topic); }

    void on_published(PublishTicket ticket, PublishResult result) override {
        outcomes.emplace_back(ticket, result);
        lines.emplace_back("outcome");
    }
};

OutboundMessage message_to(const std::string& topic, int qos) {
    OutboundMessage message;
    message.topic = topic;
    message.qos = qos;
    return message;
}

}  // namespace

TEST_CASE("the memory broker settles publishes when told and fails them at a disconnect") {
    MemoryBroker broker;
    Log log;
    broker.start(log);
    broker.connect();
    CHECK(broker.publish(message_to("a", 1), 1));
    CHECK(broker.publish(message_to("b", 1), 2));
    CHECK(log.outcomes.empty());
    CHECK(broker.settle(2, PublishResult::refused));
    broker.disconnect("gone");
    CHECK(log.lines == std::vector<std::string>{"connected", "outcome", "gone", "outcome"});
    CHECK(log.outcomes ==
          decltype(log.outcomes){{2, PublishResult::refused}, {1, PublishResult::failed}});
    CHECK_FALSE(broker.settle(1, PublishResult::acknowledged));
    CHECK(broker.published_to("a").size() == 1);
}

TEST_CASE("the memory broker answers what cannot be sent like the real one") {
    MemoryBroker broker;
    Log log;
    broker.start(log);
    CHECK_FALSE(broker.publish(message_to("a", 0), 0));
    CHECK_FALSE(broker.publish(message_to("a", 1), 1));
    broker.connect();
    CHECK_FALSE(broker.publish(message_to("a/#", 1), 2));
    CHECK(broker.published().empty());
    CHECK(broker.settle_all() == 2);
    CHECK(log.outcomes ==
          decltype(log.outcomes){{1, PublishResult::failed}, {2, PublishResult::refused}});
}
