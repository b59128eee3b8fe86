#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace dm::test {

/// A listener that remembers everything, and lets a test wait for it.
class Recorder final : public broker::BrokerListener {
public:
    struct Seen {
        std::vector<bool> connects;  ///< session_present of each
        std::vector<std::string> disconnects;
        std::vector<broker::InboundMessage> messages;
        std::map<broker::PublishTicket, std::vector<broker::PublishResult>> outcomes;

        /// Tickets with at least one outcome.
        [[nodiscard]] std::size_t settled() const { return outcomes.size(); }

        [[nodiscard]] std::size_t count(broker::PublishResult result) const;
    };

    void on_connected(bool session_present) override;
    void on_disconnected(std::string_view reason) override;
    void on_message(broker::InboundMessage message) override;
    void on_published(broker::PublishTicket ticket, broker::PublishResult result) override;

    /// Waits until `ready` holds; false when the watchdog (20 s) comes first.
    [[nodiscard]] bool wait(const std::function<bool(const Seen&)>& ready);

    /// A copy of everything so far.
    [[nodiscard]] Seen seen();

    /// Waits for the n-th on_connected.
    [[nodiscard]] bool wait_connected(std::size_t times = 1);

    [[nodiscard]] bool wait_messages(std::size_t count);

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Seen seen_;
};

}  // namespace dm::test
