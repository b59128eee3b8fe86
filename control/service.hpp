#pragma once

#include "control/api/api.hpp"
#include "control/config.hpp"
#include "control/metrics.hpp"
#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/http/stream_server.hpp"
#include "device-mgmt/loop/channel.hpp"
#include "device-mgmt/loop/loop.hpp"
#include "device-mgmt/ops/health.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include <asio/steady_timer.hpp>
#include <tl/expected.hpp>

namespace dm::control {

/// The API on a loop: HTTP server, broker and clock on one thread. The broker's threads only push
/// into a channel.
class Service final : public broker::BrokerListener {
public:
    /// Messages that wait for the loop. Beyond the first bound what is sent at most once, and
    /// states, are thrown away; beyond the second the broker's thread waits.
    static constexpr std::size_t kMaxExpendable = 20000;
    static constexpr std::size_t kMaxWaiting = 50000;
    /// Of their payloads in one turn of the loop: what they write to callers (256 KiB are kept for
    /// each) must get a chance to leave before the next ones come.
    static constexpr std::size_t kBytesPerTurn = std::size_t{4} * 1024;
    /// Counted for a message of fewer bytes.
    static constexpr std::size_t kMinMessageBytes = 256;

    Service(const Config& config,
            const Identity& identity,
            std::vector<OperatorToken> tokens,
            Metrics& metrics,
            ops::HealthState& health);
    ~Service() override;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Binds the port.
    [[nodiscard]] tl::expected<void, std::string> listen();

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

    /// Starts the thread. `broker` must outlive stop(), and be started by the caller.
    void start(broker::Broker& broker);

    void replace_tokens(std::vector<OperatorToken> tokens);

    /// Lets calls end, for at most `patience`; `cut_short` is asked in between. Not on the loop.
    /// True if all of them ended by themselves.
    [[nodiscard]] bool drain(std::chrono::milliseconds patience,
                             const std::function<bool()>& cut_short);

    /// Ends the thread.
    void stop();

    [[nodiscard]] std::chrono::milliseconds lag() const { return loop_.lag(); }

    void on_connected(bool session_present) override;
    void on_disconnected(std::string_view reason) override;
    void on_message(broker::InboundMessage message) override;

    void on_published(broker::PublishTicket /*ticket*/, broker::PublishResult /*result*/) override {
    }

private:
    struct Connected {
        bool session_present;
    };

    struct Disconnected {};

    using BrokerEvent = std::variant<broker::InboundMessage, Connected, Disconnected>;

    static std::size_t weigh(const BrokerEvent& event);
    void take(std::vector<BrokerEvent>& events);
    void after_work();

    Metrics& metrics_;
    ops::HealthState& health_;
    loop::Loop loop_{"control"};
    Authority authority_;
    broker::Broker* broker_ = nullptr;

    /// What the server tells goes to the API, and the timer follows.
    class Requests final : public http::RequestListener {
    public:
        explicit Requests(Service& service) : service_(service) {}

        void on_request(http::ExchangeId exchange, http::HttpRequest request) override;
        void on_gone(http::ExchangeId exchange) override;
        void on_refused(std::string_view remote, int status, std::string_view why) override;
        void on_drained(http::ExchangeId exchange) override;

    private:
        Service& service_;
    };

    Requests requests_{*this};
    http::StreamServer server_;
    Api api_;
    asio::steady_timer timer_;
    core::Instant armed_for_ = core::Instant::max();
    loop::Channel<BrokerEvent> channel_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace dm::control
