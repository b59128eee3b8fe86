#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/relay/publications.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace dm::relay {

/// What must reach the broker: QoS 1 messages until their PUBACK, published again after every
/// failure. One thread: the relay's.
///
/// Bounds: kMaxInFlight are with the broker at once, the rest wait here. Terminal messages and
/// rejections are bounded by the commands that can exist; `put_expendable` refuses beyond
/// kMaxExpendable. Of retained messages only the latest of a topic is kept.
class Outbox {
public:
    static constexpr std::size_t kMaxInFlight = 2000;
    static constexpr std::size_t kMaxExpendable = 10'000;

    /// What the broker refused for good, to be counted and logged.
    using Parked = std::function<void(const broker::OutboundMessage&)>;

    Outbox(broker::Broker& broker, Parked parked);

    void put(Publication publication);

    /// Retained: replaces a waiting message of the same topic.
    void put_retained(broker::OutboundMessage message);

    /// False, and not taken, when there are kMaxExpendable messages already.
    [[nodiscard]] bool put_expendable(broker::OutboundMessage message);

    /// The broker's word about a ticket of ours.
    void published(broker::PublishTicket ticket, broker::PublishResult result);

    /// Publishes what failed again; call when the broker has connected, and with every tick.
    void retry();

    [[nodiscard]] std::size_t size() const { return rows_.size(); }

private:
    using Ticket = broker::PublishTicket;

    struct Row {
        Publication publication;
        bool retained = false;
        bool in_flight = false;
    };

    void enqueue(Row row);
    void pump();
    void failed(Ticket ticket);
    void refused(Ticket ticket);

    broker::Broker& broker_;
    Parked parked_;
    std::unordered_map<Ticket, Row> rows_;
    std::deque<Ticket> waiting_;  ///< to be published next; may name rows that are gone
    std::deque<Ticket> failed_;   ///< to be published with the next retry()
    std::unordered_map<std::string, Ticket> latest_;  ///< retained topic → its newest row
    std::size_t in_flight_ = 0;
    Ticket next_ = 1;
};

}  // namespace dm::relay
