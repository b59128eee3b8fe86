#include "control/service.hpp"

#include "device-mgmt/auth/sha256.hpp"
#include "device-mgmt/log/log.hpp"
#include "protocol/uuid.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace dm::control {

namespace {

constexpr std::chrono::milliseconds kBackPressure{1000};

http::StreamSettings stream_settings(const Config& config) {
    http::StreamSettings settings;
    settings.address = config.listen.address;
    settings.port = config.listen.port;
    settings.limits.max_connections = config.listen.max_connections;
    return settings;
}

std::string make_id(proto::WallTime now) {
    std::array<std::uint64_t, 2> random{};
    const std::string octets = auth::random_octets(sizeof(random));
    std::memcpy(random.data(), octets.data(), sizeof(random));
    return proto::make_uuid(now, random[0], random[1]);
}

}  // namespace

Service::Service(const Config& config,
                 const Identity& identity,
                 std::vector<OperatorToken> tokens,
                 Metrics& metrics,
                 ops::HealthState& health)
    : metrics_(metrics),
      health_(health),
      authority_(std::move(tokens)),
      server_(loop_.io(), stream_settings(config), requests_),
      api_(identity,
           {server_,
            [this](broker::OutboundMessage message) {
                return broker_->publish(std::move(message), 0);
            },
            authority_,
            metrics,
            core::read_clock,
            make_id}),
      timer_(loop_.io()),
      channel_(
          loop_.io(),
          [this](std::vector<BrokerEvent>& events) { take(events); },
          kBytesPerTurn,
          weigh) {}

Service::~Service() {
    stop();
}

tl::expected<void, std::string> Service::listen() {
    return server_.start();
}

void Service::start(broker::Broker& broker) {
    broker_ = &broker;
    loop_.start([this](core::Moment /*now*/) {
        api_.advance();
        api_.update_metrics(server_.open());
        metrics_.set_loop_lag(loop_.lag());
        health_.loop_lag_ms.store(loop_.lag().count(), std::memory_order_relaxed);
        after_work();
    });
}

void Service::replace_tokens(std::vector<OperatorToken> tokens) {
    loop_.run_and_wait([&] { authority_.replace(std::move(tokens)); });
}

bool Service::drain(std::chrono::milliseconds patience, const std::function<bool()>& cut_short) {
    loop_.run_and_wait([this] {
        server_.close_port();
        api_.drain();
    });
    const core::Instant deadline = core::read_clock().mono + patience;
    bool idle = false;
    const auto look = [&] {
        loop_.run_and_wait([&] { idle = api_.is_idle(); });
        return idle;
    };
    while (!look() && core::read_clock().mono < deadline && !cut_short()) {
    }
    loop_.run_and_wait([this] { api_.end_all(); });
    // What has been answered is to be written, too.
    bool written = false;
    const core::Instant last = core::read_clock().mono + std::chrono::seconds(2);
    while (!written && core::read_clock().mono < last && !cut_short()) {
        loop_.run_and_wait([&] { written = server_.open() == 0; });
    }
    return idle;
}

void Service::stop() {
    loop_.stop();
}

// ---- the broker's threads ----

void Service::on_connected(bool session_present) {
    health_.broker_connected.store(true, std::memory_order_relaxed);
    log::info("broker_connected", {{"session_present", session_present}});
    channel_.push(Connected{session_present});
}

void Service::on_disconnected(std::string_view reason) {
    health_.broker_connected.store(false, std::memory_order_relaxed);
    log::warn("broker_disconnected", {{"reason", reason}});
    channel_.push(Disconnected{});
}

void Service::on_message(broker::InboundMessage message) {
    const std::size_t waiting = channel_.size();
    if (waiting >= kMaxExpendable && message.qos == 0) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (waiting >= kMaxWaiting) {
        channel_.wait_below(kMaxWaiting, kBackPressure);
    }
    channel_.push(std::move(message));
}

// ---- the loop ----

std::size_t Service::weigh(const BrokerEvent& event) {
    const auto* message = std::get_if<broker::InboundMessage>(&event);
    return message == nullptr ? kMinMessageBytes
                              : std::max(kMinMessageBytes, message->payload.size());
}

void Service::take(std::vector<BrokerEvent>& events) {
    for (BrokerEvent& event : events) {
        if (auto* message = std::get_if<broker::InboundMessage>(&event)) {
            api_.on_message(std::move(*message));
        } else if (const auto* connected = std::get_if<Connected>(&event)) {
            api_.on_connected(connected->session_present);
        } else {
            api_.on_disconnected();
        }
    }
    if (const std::uint64_t dropped = dropped_.exchange(0, std::memory_order_relaxed)) {
        log::warn("events_dropped", {{"count", dropped}});
        api_.on_dropped(dropped);
    }
    after_work();
}

void Service::after_work() {
    const auto next = api_.next();
    if (!next || *next >= armed_for_) {
        return;
    }
    armed_for_ = *next;
    timer_.expires_at(*next);
    timer_.async_wait([this](const std::error_code& error) {
        if (error) {
            return;  // armed anew for an earlier moment
        }
        armed_for_ = core::Instant::max();
        api_.advance();
        after_work();
    });
}

void Service::Requests::on_request(http::ExchangeId exchange, http::HttpRequest request) {
    service_.api_.on_request(exchange, std::move(request));
    service_.after_work();
}

void Service::Requests::on_gone(http::ExchangeId exchange) {
    service_.api_.on_gone(exchange);
}

void Service::Requests::on_refused(std::string_view remote, int status, std::string_view why) {
    service_.api_.on_refused(remote, status, why);
}

void Service::Requests::on_drained(http::ExchangeId exchange) {
    service_.api_.on_drained(exchange);
}

}  // namespace dm::control
