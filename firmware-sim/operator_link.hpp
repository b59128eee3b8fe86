#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "firmware-sim/clock.hpp"
#include "firmware-sim/load_options.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace dm::sim {

/// What came from the broker, and when.
struct Arrival {
    Instant at;
    broker::InboundMessage message;
};

/// An operator's connection to the broker: publishes commands and gathers what comes back for the
/// thread that polls. Broker callbacks only store, and only what names this run: the outstanding
/// commands bound it, whatever others do on the same topics.
class OperatorLink final : private broker::BrokerListener {
public:
    OperatorLink(const LoadOptions& options, const std::string& name);
    ~OperatorLink() override;
    OperatorLink(const OperatorLink&) = delete;
    OperatorLink& operator=(const OperatorLink&) = delete;

    void start();

    /// Publishes that the broker has not acknowledged; below what may wait in the process.
    static constexpr std::size_t kMaxUnacknowledged = 8192;

    /// Connected and subscribed.
    [[nodiscard]] bool ready() const;

    /// Ready, and fewer than kMaxUnacknowledged are under way: whoever has many commands waits.
    [[nodiscard]] bool has_room() const;

    /// A QoS 1 publish; false when there is no connection.
    bool publish(const std::string& device, std::string payload, const std::string& id);

    [[nodiscard]] std::vector<Arrival> take_arrivals();

    /// The same, when there are any; waits for them until `until`.
    [[nodiscard]] std::vector<Arrival> await_arrivals(Instant until);

    /// Waits until it is, or until `until`; whether it is.
    [[nodiscard]] bool await_ready(Instant until);

    /// Publishes that the broker turned down.
    [[nodiscard]] std::uint64_t refused() const;

    /// Messages that were not about this run's commands.
    [[nodiscard]] std::uint64_t foreign() const;

    /// True once after a connect at which the broker had nothing kept for us: what was published
    /// meanwhile, we did not get.
    [[nodiscard]] bool take_fresh_session();

    /// What the broker last said about a connection that is gone; empty when nothing new.
    [[nodiscard]] std::string take_trouble();

    void stop();

private:
    void on_connected(bool session_present) override;
    void on_disconnected(std::string_view reason) override;
    void on_message(broker::InboundMessage message) override;
    void on_published(broker::PublishTicket ticket, broker::PublishResult result) override;

    std::string command_topics_;  ///< with a trailing slash
    std::optional<std::string> response_topic_;
    std::string name_;
    std::unique_ptr<broker::Broker> broker_;

    std::condition_variable changed_;  ///< ready, or an arrival
    mutable std::mutex mutex_;         // guards what follows
    bool ready_ = false;
    bool fresh_session_ = false;
    std::vector<Arrival> arrivals_;
    std::size_t unacknowledged_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t foreign_ = 0;
    std::string trouble_;
};

}  // namespace dm::sim
