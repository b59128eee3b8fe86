#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::test {

/// A broker in memory that does what the test says, when it says so. One thread, no clock: the
/// listener is called by the methods below only, never inside publish().
class MemoryBroker final : public broker::Broker {
public:
    struct Published {
        broker::OutboundMessage message;
        broker::PublishTicket ticket;
    };

    // Broker. start() does not connect. What publish() does with a message that is_publishable()
    // refuses, or while not connected, is what MqttBroker does.
    void start(broker::BrokerListener& listener) override;
    bool publish(broker::OutboundMessage message, broker::PublishTicket ticket) override;

    [[nodiscard]] bool connected() const override { return connected_; }

    /// Only noted: disconnect() and connect() are the test's to call.
    void pause(std::string_view /*reason*/) override { paused_ = true; }

    void resume() override { paused_ = false; }

    void leave() override { left_ = true; }

    void stop(std::chrono::milliseconds grace) override;

    // What happens to the connection.
    void connect(bool session_present = false);

    /// on_disconnected, then `failed` for every ticket outstanding.
    void disconnect(std::string_view reason = "connection lost");

    void deliver(broker::InboundMessage message);

    // What becomes of publishes. Nothing is settled unless told.

    /// Settles in order of publishing, also what the listener publishes meanwhile: `acknowledged`,
    /// or what publish() has found wrong. Returns how many were reported.
    std::size_t settle_all();

    /// Settles one; false when that ticket is not outstanding.
    bool settle(broker::PublishTicket ticket, broker::PublishResult result);

    /// QoS 0 is dropped from now on (or no longer), as under pressure.
    void drop_qos0(bool drop) { drop_qos0_ = drop; }

    /// From now on what is published to this topic is refused; empty: nothing is.
    void refuse(std::string topic) { refused_ = std::move(topic); }

    // What was seen.

    /// Everything that was taken over, oldest first.
    [[nodiscard]] const std::vector<Published>& published() const { return published_; }

    /// The same, and forgets it; outstanding tickets stay outstanding.
    [[nodiscard]] std::vector<Published> take_published();

    /// Those of `published()` on this topic.
    [[nodiscard]] std::vector<broker::OutboundMessage> published_to(std::string_view topic) const;

    [[nodiscard]] std::size_t outstanding() const { return outstanding_.size(); }

    [[nodiscard]] bool paused() const { return paused_; }

    [[nodiscard]] bool left() const { return left_; }

    [[nodiscard]] bool started() const { return listener_ != nullptr; }

private:
    struct Outstanding {
        broker::PublishTicket ticket;
        broker::PublishResult result;  ///< unless the test says otherwise
    };

    broker::BrokerListener* listener_ = nullptr;
    bool connected_ = false;
    bool paused_ = false;
    bool drop_qos0_ = false;
    std::string refused_;
    bool left_ = false;
    std::vector<Published> published_;
    std::vector<Outstanding> outstanding_;
};

}  // namespace dm::test
