#include "device-mgmt/relay/relay.hpp"

#include "device-mgmt/log/log.hpp"

#include <future>
#include <utility>

namespace dm::relay {

namespace {

/// Ticks between two looks at things that change slowly: node info, calm duels, the dedup horizon.
constexpr std::uint64_t kTicksPerHousekeeping = 20;

core::DispatchSettings with_node(core::DispatchSettings dispatch, const std::string& node) {
    dispatch.node = node;
    return dispatch;
}

}  // namespace

Relay::Relay(RelaySettings settings,
             broker::Broker& broker,
             const MakeStore& make_store,
             PostOrder post_order,
             ops::Metrics& metrics,
             ops::HealthState& health,
             RelaySources sources)
    : settings_(std::move(settings)),
      broker_(broker),
      metrics_(metrics),
      health_(health),
      clock_(std::move(sources.clock)),
      uuids_(std::move(sources.uuids)),
      loop_("relay"),
      publications_(proto::Topics(settings_.prefix), settings_.node),
      dispatcher_(with_node(settings_.dispatch, settings_.node),
                  [this] { return uuids_.next(clock_().wall); }),
      outbox_(broker,
              [this](const broker::OutboundMessage& parked) {
                  metrics_.broker_dropped("refused");
                  log::error("publish_refused", {{"topic", parked.topic}});
              }),
      store_(make_store(loop_)),
      post_order_(std::move(post_order)),
      boot_(uuids_.next(clock_().wall)),
      deadline_timer_(loop_.io()),
      received_(loop_.io(),
                [this](std::vector<Received>& batch) {
                    for (Received& received : batch) {
                        take(received);
                    }
                }),
      events_(loop_.io(),
              [this](std::vector<BrokerEvent>& batch) {
                  for (const BrokerEvent& event : batch) {
                      take(event);
                  }
              }),
      reports_(loop_.io(), [this](std::vector<core::Report>& batch) {
          for (core::Report& report : batch) {
              take(report);
          }
      }) {}

Relay::~Relay() {
    loop_.stop();
}

broker::BrokerSettings Relay::complete(broker::BrokerSettings broker,
                                       const RelaySettings& settings) {
    const proto::Topics topics(settings.prefix);
    const Publications publications(topics, settings.node);
    broker.client_id = settings.node;
    broker.subscriptions = {{topics.commands_share()}, {topics.cancels_share()}};
    auto will = publications.node(
        {settings.node, "down", 0, settings.capacity, settings.url, settings.version, ""});
    broker.will = broker::Will{std::move(will.topic), std::move(will.payload), 1, true};
    return broker;
}

void Relay::start() {
    metrics_.loop_lag(loop_.name(), loop_.lag());
    started_ = true;
    loop_.start([this](core::Moment /*now*/) { tick(); });
}

void Relay::drain() {
    loop_.run_and_wait([this] { announce("draining"); });
}

bool Relay::finish(std::chrono::milliseconds patience) {
    loop_.run_and_wait([this] {
        dispatcher_.end_all(clock_());
        carry_out_effects();
        announce("down");
    });
    const core::Instant until = clock_().mono + patience;
    bool empty = false;
    while (!empty && clock_().mono < until) {
        std::promise<void> ticked;
        loop_.run_and_wait([&] {
            empty = outbox_.size() == 0 && dispatcher_.unfinished() == 0;
            if (!empty) {
                when_ticked_ = [&ticked] { ticked.set_value(); };
            }
        });
        if (!empty) {
            ticked.get_future().wait();
        }
    }
    loop_.stop();
    return empty;
}

// ---- any thread ----

bool Relay::report(core::Report report) {
    if (const auto* frame = std::get_if<core::ForwardedFrame>(&report.body)) {
        const bool expendable = std::holds_alternative<proto::Telemetry>(*frame) ||
                                std::holds_alternative<proto::Alert>(*frame);
        if (reports_.size() >= (expendable ? kMaxReports : kMaxReportsHard)) {
            metrics_.broker_dropped(expendable ? "telemetry" : "report");
            return false;
        }
    }
    reports_.push(std::move(report));
    return true;
}

void Relay::on_connected(bool session_present) {
    events_.push(Connected{session_present});
}

void Relay::on_disconnected(std::string_view reason) {
    events_.push(Disconnected{std::string(reason)});
}

void Relay::on_message(broker::InboundMessage message) {
    received_.wait_below(kMaxIntake, kIntakePatience);
    received_.push({std::move(message), clock_().mono});
}

void Relay::on_published(broker::PublishTicket ticket, broker::PublishResult result) {
    events_.push(Published{ticket, result});
}

// ---- time ----

void Relay::advance() {
    dispatcher_.advance(clock_());
    carry_out_effects();
}

void Relay::tick() {
    const core::Moment now = clock_();
    outbox_.retry();
    metrics_.loop_lag(loop_.name(), loop_.lag());
    metrics_.set_outbox(outbox_.size());
    metrics_.set_commands_waiting(dispatcher_.waiting());
    metrics_.set_commands_unfinished(dispatcher_.unfinished());
    health_.sessions.store(directory_.entries().size(), std::memory_order_relaxed);
    if (++ticks_ % kTicksPerHousekeeping == 0) {
        directory_.forget_calm(now.mono);
        metrics_.set_dedup_horizon(store_->dedup_horizon(now.wall));
        if (directory_.entries().size() != announced_sessions_) {
            announce(state_);
        }
    }
    if (const auto ticked = std::exchange(when_ticked_, nullptr)) {
        ticked();
    }
}

void Relay::arm_deadline() {
    const auto next = dispatcher_.next_deadline();
    if (!started_ || !next || (armed_ && *armed_ <= *next)) {
        return;
    }
    armed_ = next;
    deadline_timer_.expires_at(*next);
    deadline_timer_.async_wait([this](const std::error_code& cancelled) {
        if (cancelled) {
            return;
        }
        armed_.reset();
        advance();
    });
}

void Relay::announce(std::string_view state) {
    state_ = state;
    announced_sessions_ = directory_.entries().size();
    outbox_.put_retained(publications_.node({settings_.node,
                                             state_,
                                             announced_sessions_,
                                             settings_.capacity,
                                             settings_.url,
                                             settings_.version,
                                             boot_}));
}

}  // namespace dm::relay
