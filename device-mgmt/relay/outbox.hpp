#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/relay/publications.hpp"
#include "device-mgmt/relay/stored_messages.hpp"
#include "device-mgmt/store/command_store.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dm::relay {

/// What must reach the broker: QoS 1 messages until their PUBACK, published again after every
/// failure. One thread: the relay's.
///
/// Ends and rejections are in the store as well: they outlive the process, and their PUBACK by
/// StoredMessages::kTail. What a broker that came back may have lost is published again behind what
/// it never acknowledged, at the pace of StoredMessages. What the broker refuses for good stays in
/// the store and is not tried again by this process.
///
/// Bounds: kMaxInFlight are with the broker at once, the rest wait here; of stored messages at most
/// kMaxHeld are in memory, further ones are read when there is room. `put_expendable` refuses
/// beyond kMaxExpendable. Of retained messages only the latest of a topic is kept.
class Outbox {
public:
    static constexpr std::size_t kMaxInFlight = 2000;
    static constexpr std::size_t kMaxExpendable = 10'000;
    static constexpr std::size_t kMaxHeld = 20'000;
    /// Stored messages read at once.
    static constexpr std::size_t kReadSlice = 500;

    /// What the broker refused for good, to be counted and logged.
    using Parked = std::function<void(const broker::OutboundMessage&)>;

    /// `kept`: the messages that an earlier process left in the store; up to `acknowledged` the
    /// broker had acknowledged them.
    Outbox(broker::Broker& broker,
           store::CommandStore& store,
           const std::vector<std::uint64_t>& kept,
           std::uint64_t acknowledged,
           Parked parked);

    /// For a new message in the store: higher than every one that is there.
    [[nodiscard]] std::uint64_t next_number() { return next_number_++; }

    /// Messages that another node has left in the store, under these numbers.
    void adopt(const std::vector<std::uint64_t>& numbers);

    [[nodiscard]] std::uint64_t last_number() const { return next_number_ - 1; }

    /// Of this process only.
    void put(Publication publication);

    /// The message is in the store under `number`.
    void put_stored(std::uint64_t number, Publication publication);

    /// Retained: replaces a waiting message of the same topic.
    void put_retained(broker::OutboundMessage message);

    /// False, and not taken, when there are kMaxExpendable messages already.
    [[nodiscard]] bool put_expendable(broker::OutboundMessage message);

    /// The broker's word about a ticket of ours.
    void published(broker::PublishTicket ticket, broker::PublishResult result, core::Instant now);

    /// The broker has come back and may have forgotten what it acknowledged last.
    void distrust_broker();

    /// Messages that wait to be published again because of that.
    [[nodiscard]] std::size_t doubted() const { return stored_.doubted(); }

    /// Publishes what failed again; call when the broker has connected.
    void retry();

    /// The same; forgets what has been acknowledged long enough. With every tick.
    void tick(core::Instant now);

    /// Publishes the next of what the broker may have lost. Every StoredMessages::kPaceStep.
    void publish_doubted();

    /// Tells the store up to which message the broker has acknowledged all.
    void note_acknowledged();

    /// Messages handed to the broker and not acknowledged by it.
    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

    /// Messages that are not acknowledged, without those that once were.
    [[nodiscard]] std::size_t size() const { return rows_.size() + stored_.unread() + reading_; }

private:
    using Ticket = broker::PublishTicket;

    struct Row {
        Publication publication;
        std::uint64_t number = 0;  ///< in the store; 0: not there
        bool retained = false;
        bool in_flight = false;
    };

    void enqueue(Row row);
    void pump();
    [[nodiscard]] bool may_read() const;
    void read(std::vector<std::uint64_t> numbers);
    void failed(Ticket ticket);
    void refused(Ticket ticket);
    void erase(Ticket ticket);

    broker::Broker& broker_;
    store::CommandStore& store_;
    Parked parked_;
    StoredMessages stored_;
    std::uint64_t next_number_ = 1;
    std::uint64_t highest_stored_ = 0;
    std::uint64_t acknowledged_ = 0;  ///< the broker has acknowledged all up to this number
    std::unordered_map<Ticket, Row> rows_;
    std::deque<Ticket> waiting_;  ///< to be published next; may name rows that are gone
    std::deque<Ticket> failed_;   ///< to be published with the next retry()
    std::unordered_map<std::string, Ticket> latest_;  ///< retained topic → its newest row
    std::size_t in_flight_ = 0;
    std::size_t held_ = 0;     ///< rows that are in the store
    std::size_t reading_ = 0;  ///< stored messages asked for
    Ticket next_ = 1;
};

}  // namespace dm::relay
