#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "tests/simulation/run.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace dm::simulation {

class BrokerClient;

/// The broker: a process of its own, with a session for the node and retained messages, both of
/// which it forgets when it is killed. QoS 1 in both directions: what is not acknowledged when a
/// connection is lost comes again in the next one.
class FakeBroker {
public:
    /// Every publish of the node that arrived; and again when the subscribers have got it, which
    /// those that the killed broker had only acknowledged never do.
    using Seen = std::function<void(const broker::OutboundMessage&)>;
    /// The node has taken a message over.
    using Taken = std::function<void(const broker::InboundMessage&)>;

    FakeBroker(Run& run, Seen arrived, Seen delivered, Taken taken);

    /// An operator publishes. A broker that is down, or has no session of the node, loses it.
    void publish(broker::InboundMessage message);

    /// The connection is lost; both sides go on.
    void cut();

    /// Killed: it forgets the session, what is queued and what is retained; or, as brokers that
    /// save their state now and then, it has an older state: messages once more, and what was
    /// retained.
    void kill();

    void restart() { is_up_ = true; }

    [[nodiscard]] bool is_up() const { return is_up_; }

    /// Nothing is on its way to the node.
    [[nodiscard]] bool is_idle() const { return queue_.empty(); }

    [[nodiscard]] const std::string* retained(const std::string& topic) const;

private:
    friend class BrokerClient;

    struct Queued {
        broker::InboundMessage message;
        std::uint64_t number;
        bool sent;  ///< in this connection
    };

    /// Returns whether a session was there.
    bool connected(BrokerClient& client);
    void disconnected();
    void deliver_next();
    void acknowledged(std::uint64_t number);
    [[nodiscard]] broker::PublishResult arrived(broker::OutboundMessage message);
    /// Whether a lie leaves anything of the message.
    [[nodiscard]] bool falsify(broker::OutboundMessage& message);

    Run& run_;
    Seen arrived_;
    Seen delivered_;
    Taken taken_;
    bool is_up_ = true;
    bool has_session_ = false;
    BrokerClient* client_ = nullptr;  ///< while connected
    std::deque<Queued> queue_;
    std::deque<broker::InboundMessage> acknowledged_lately_;
    std::map<std::string, std::string> retained_;
    std::map<std::string, std::string> saved_;  ///< retained some time ago
    std::uint64_t next_number_ = 1;
    Schedule::Owner deliveries_;  ///< to subscribers, of this life of the broker
    core::Instant last_delivery_{};
};

/// The node's connection to it, as MqttBroker behaves.
class BrokerClient final : public broker::Broker {
public:
    BrokerClient(Run& run, FakeBroker& broker, Schedule::Owner process);
    ~BrokerClient() override;
    BrokerClient(const BrokerClient&) = delete;
    BrokerClient& operator=(const BrokerClient&) = delete;

    /// Called after every call of the listener.
    void when_called(std::function<void()> then) { then_ = std::move(then); }

    void start(broker::BrokerListener& listener) override;
    bool publish(broker::OutboundMessage message, broker::PublishTicket ticket) override;

    [[nodiscard]] bool connected() const override { return is_connected_; }

    void pause(std::string_view /*reason*/) override {}

    void resume() override {}

    void leave() override {}

    void stop(std::chrono::milliseconds /*grace*/) override {}

private:
    friend class FakeBroker;

    void connect_later();
    void connect();
    void lost();
    void settle(broker::PublishTicket ticket, broker::PublishResult result);
    /// When the next packet of a direction can arrive: not before those under way.
    [[nodiscard]] core::Instant next(core::Instant& last);

    Run& run_;
    FakeBroker& broker_;
    Schedule::Owner process_;
    Schedule::Owner connection_ = Schedule::kNobody;
    std::function<void()> then_;
    broker::BrokerListener* listener_ = nullptr;
    bool is_connected_ = false;
    std::vector<broker::PublishTicket> outstanding_;
    core::Instant last_out_{};
    core::Instant last_in_{};
    core::Instant last_ack_{};
};

}  // namespace dm::simulation
