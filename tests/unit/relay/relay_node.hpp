#pragma once

#include "device-mgmt/relay/relay.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/memory_broker.hpp"
#include "tests/support/memory_ingress.hpp"
#include "tests/support/memory_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/post.hpp>

namespace dm::test {

inline constexpr core::SessionRef kFirst{0, 1};
inline constexpr core::SessionRef kSecond{1, 2};  ///< of another shard

inline bool says(const broker::OutboundMessage& message, std::string_view what) {
    return message.payload.find(what) != std::string::npos;
}

/// A relay whose loop runs by hand between a broker in memory and sessions that the test plays.
/// Store and ingress log outlive it: `kill` and `start` are another process on the same disk.
class Node {
public:
    /// `directory`: of several nodes; absent: this one is alone.
    explicit Node(store::SharedDirectory* directory = nullptr) : directory_(directory) {
        start();
        static_cast<void>(broker_.take_published());
    }

    /// A process begins with what is stored, and connects. `meanwhile`: before it takes up what
    /// the log holds.
    void start(bool session_present = true, const std::function<void()>& meanwhile = {}) {
        process_ = std::make_unique<Process>(*this);
        if (meanwhile) {
            meanwhile();
        }
        process_->relay.begin();
        run();
        if (broker_.started()) {
            broker_.connect(session_present);
        }
        run();
    }

    /// Runs it on the relay's thread, with the next `run`.
    void post(std::function<void()> what) { asio::post(process_->loop.io(), std::move(what)); }

    /// The process dies: what it had in memory and what it waited for is gone.
    void kill() {
        broker_.disconnect();
        process_.reset();
        held_.clear();
        orders_.clear();
        kept_.clear();
    }

    void restart() {
        kill();
        start();
    }

    void run() {
        do {
            broker_.settle_all();
            process_->relay.collect();
        } while (process_->loop.io().poll() > 0);
    }

    void report(core::SessionRef session, core::ReportBody body) {
        report(session, device_, std::move(body));
    }

    void report(core::SessionRef session, const proto::DeviceId& device, core::ReportBody body) {
        static_cast<void>(process_->relay.report({session, device, std::move(body)}));
        run();
    }

    void open(core::SessionRef session) { report(session, core::SessionOpened{"127.0.0.1:9", {}}); }

    void reply(core::SessionRef session, const std::string& id, const std::string& status = "ok") {
        report(session,
               core::ForwardedFrame{
                   proto::Reply{id, status, R"({"v":1})", std::nullopt, std::nullopt}});
    }

    void publish(const std::string& payload, std::optional<std::string> response_topic = {}) {
        broker::InboundMessage message;
        message.topic = "dm/commands/d-1";
        message.payload = payload;
        message.response_topic = std::move(response_topic);
        broker_.deliver(std::move(message));
        run();
    }

    void cancel(const std::string& id) {
        broker::InboundMessage message;
        message.topic = "dm/cancel/d-1";
        message.payload = R"({"id":")" + id + R"("})";
        broker_.deliver(std::move(message));
        run();
    }

    /// Confirms the sending of every command that was handed to a session since the last call.
    std::vector<core::SendCommand> confirm_sendings() {
        std::vector<core::SendCommand> sent;
        for (const core::Order& order : std::exchange(orders_, {})) {
            if (const auto* send = std::get_if<core::SendCommand>(&order.body)) {
                sent.push_back(*send);
                report(
                    order.to, send->device, core::CommandSent{send->frame.id, true, clock_.now()});
            } else {
                kept_.push_back(order);
            }
        }
        return sent;
    }

    /// The orders of this kind so far, sendings apart.
    template <typename Body>
    std::vector<std::pair<core::SessionRef, Body>> orders() {
        confirm_sendings();
        std::vector<std::pair<core::SessionRef, Body>> found;
        for (const core::Order& order : kept_) {
            if (const auto* body = std::get_if<Body>(&order.body)) {
                found.emplace_back(order.to, *body);
            }
        }
        return found;
    }

    std::vector<broker::OutboundMessage> on(std::string_view topic) {
        return broker_.published_to(topic);
    }

    /// How many messages had been published when the last order was given.
    [[nodiscard]] std::size_t published_at_order() const { return published_at_order_; }

    /// Time passes, and what comes due meanwhile happens at its moment.
    void pass(std::chrono::milliseconds time) {
        const core::Instant until = clock_.now().mono + time;
        for (auto next = process_->relay.next_deadline(); next && *next <= until;
             next = process_->relay.next_deadline()) {
            clock_.advance(
                std::chrono::duration_cast<std::chrono::milliseconds>(*next - clock_.now().mono));
            process_->relay.advance();
            run();
        }
        clock_.advance(
            std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_.now().mono));
        process_->relay.tick();
        run();
    }

    void close() { process_->relay.close(); }

    /// The store completes nothing until `complete`.
    void hold_store() { holds_ = true; }

    void complete(std::size_t calls = 1000) {
        for (; calls > 0 && !held_.empty(); --calls) {
            asio::post(process_->loop.io(), std::move(held_.front()));
            held_.pop_front();
        }
        run();
    }

    /// Messages handed to shards since the last call.
    std::vector<std::pair<std::uint32_t, core::Delivery>> take_deliveries() {
        return std::exchange(deliveries_, {});
    }

    /// Completes what was held, and from now on everything at once.
    void release_store() {
        holds_ = false;
        if (process_ != nullptr) {
            complete();
        }
    }

    MemoryBroker& broker() { return broker_; }

    MemoryIngress& ingress() { return ingress_; }

    test::MemoryStore& store() { return store_; }

    ManualClock& clock() { return clock_; }

    ops::HealthState& health() { return process_->health; }

    dm::relay::Relay& relay() { return process_->relay; }

private:
    struct Process {
        explicit Process(Node& node)
            : relay(settings(),
                    {loop,
                     node.broker_,
                     node.store_,
                     node.ingress_,
                     metrics,
                     health,
                     [&node](core::Order order) {
                         node.published_at_order_ = node.broker_.published().size();
                         node.orders_.push_back(std::move(order));
                     },
                     [](const std::string& why) { throw std::runtime_error(why); },
                     [&node](std::uint32_t shard, core::Delivery delivery) {
                         node.deliveries_.emplace_back(shard, std::move(delivery));
                     },
                     node.directory_},
                    node.store_.load(node.clock_.now()),
                    {[&node] { return node.clock_.now(); },
                     dm::relay::UuidSource(++node.processes_),
                     dm::relay::UuidSource(1000 + node.processes_)}) {}

        loop::Loop loop{"relay"};
        ops::Metrics metrics{"test"};
        ops::HealthState health;
        dm::relay::Relay relay;
    };

    static dm::relay::RelaySettings settings() {
        dm::relay::RelaySettings settings;
        settings.node = "n1";
        settings.version = "test";
        settings.groups.members = {core::parse_group_rule("empty=nobody").value()};
        settings.groups.self_service = {"site"};
        settings.max_subscriptions = 65;
        return settings;
    }

    store::SharedDirectory* directory_;
    proto::DeviceId device_ = device_id("d-1");
    ManualClock clock_;
    MemoryBroker broker_;
    MemoryIngress ingress_;
    std::vector<core::Order> orders_;
    std::size_t published_at_order_ = 0;
    std::vector<core::Order> kept_;
    std::vector<std::pair<std::uint32_t, core::Delivery>> deliveries_;
    bool holds_ = false;
    std::deque<std::function<void()>> held_;  ///< completions of the store
    test::MemoryStore store_{{}, [this](std::function<void()> done) {
                                 if (holds_) {
                                     held_.push_back(std::move(done));
                                 } else {
                                     asio::post(process_->loop.io(), std::move(done));
                                 }
                             }};
    std::uint64_t processes_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace dm::test
