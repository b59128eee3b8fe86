#include "device-mgmt/relay/relay.hpp"

#include "device-mgmt/log/log.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include <asio/post.hpp>

namespace dm::relay {

namespace {

/// Ticks between two looks at things that change slowly: node info, calm duels, the dedup horizon.
constexpr std::uint64_t kTicksPerHousekeeping = 20;

static_assert(StoredMessages::kPaceStep == loop::Loop::kTick);

/// Calls to the store that wait, beyond which overdue commands are ended later: after a long stop
/// there may be a million of them.
constexpr std::size_t kMaxBacklog = 10'000;
constexpr std::chrono::milliseconds kBacklogPause{20};

/// Reports that nobody waits for are taken with what comes next, and at the latest when so many
/// wait …
constexpr std::size_t kMaxUnhurried = 16;
/// … or so long after the first of them may have come. States are published by then, too, unless
/// the next one has come.
constexpr std::chrono::milliseconds kCollectAfter{10};

/// Most commands are answered soon after they left, and the answer wakes the relay.
bool is_unhurried(const core::ReportBody& body) {
    const auto* sent = std::get_if<core::CommandSent>(&body);
    return sent != nullptr && sent->ok;
}

core::DispatchSettings with_node(core::DispatchSettings dispatch, const std::string& node) {
    dispatch.node = node;
    return dispatch;
}

}  // namespace

Relay::Relay(RelaySettings settings, RelayParts parts, store::Loaded loaded, RelaySources sources)
    : settings_(std::move(settings)),
      broker_(parts.broker),
      metrics_(parts.metrics),
      health_(parts.health),
      clock_(std::move(sources.clock)),
      uuids_(sources.uuids),
      store_(parts.store),
      ingress_(parts.ingress),
      loop_(parts.loop),
      publications_(proto::Topics(settings_.prefix), settings_.node),
      live_nodes_(publications_.topics(), settings_.node),
      directory_(loaded.epoch),
      epochs_(loaded.reserved_epoch, [this](std::uint64_t epoch) { store_.set_epoch(epoch); }),
      ownership_(parts.directory, ownership_events()),
      dispatcher_(with_node(settings_.dispatch, settings_.node)),
      groups_(settings_.groups),
      subscriptions_(settings_.max_subscriptions),
      outbox_(broker_,
              store_,
              loaded.outbox,
              loaded.acknowledged,
              [this](const broker::OutboundMessage& parked) {
                  metrics_.broker_dropped("refused");
                  log::error("publish_refused", {{"topic", parked.topic}});
              }),
      post_order_(std::move(parts.post_order)),
      fan_out_(std::move(parts.post_delivery),
               [this](proto::BroadcastSent answer, const core::ReplyTo& to) {
                   answer.node = settings_.node;
                   answer.time = clock_().wall;
                   answer_broadcast(proto::to_json(answer), to);
               }),
      queries_(
          {settings_.node, settings_.max_queries_per_s},
          store_,
          metrics_,
          clock_,
          [this](std::string answer, const core::ReplyTo& to) {
              if (!outbox_.put_expendable(Publications::answer(std::move(answer), to, "answer"))) {
                  metrics_.broker_dropped("answer");
              }
          }),
      stopped_sessions_(
          store_, settings_.node, [this](const auto& device) { tell_stopped(device); }),
      boot_(uuids_.next(clock_().wall)),
      deadline_timer_(loop_.io()),
      inlet_(
          loop_.io(),
          store_,
          ingress_,
          loaded.durable_lsn,
          sources.arrival_ids,
          [this](Arrival& arrival) { take(arrival); },
          std::move(parts.fatal)),
      transient_(loop_.io(),
                 [this](std::vector<broker::InboundMessage>& batch) {
                     for (const broker::InboundMessage& message : batch) {
                         take(message);
                     }
                 }),
      events_(loop_.io(),
              [this](std::vector<BrokerEvent>& batch) {
                  for (const BrokerEvent& event : batch) {
                      take(event);
                  }
                  publish_due_states();
              }),
      reports_(loop_.io(),
               [this](std::vector<core::Report>& batch) {
                   const broker::Held held(broker_);
                   for (core::Report& report : batch) {
                       take(report);
                   }
               }),
      deliveries_(loop_.io(), [this](std::vector<core::Delivered>& batch) {
          for (const core::Delivered& delivered : batch) {
              fan_out_.delivered(delivered);
          }
      }) {
    const core::Moment now = clock_();
    for (core::Command& command : loaded.unfinished) {
        ownership_.loaded(command.key.device);
        dispatcher_.restore(std::move(command), now);
    }
    dispatcher_.send_until(ownership_.trusted_until(), now);
    epochs_.cover(directory_.last_epoch(), now.wall);
}

Relay::~Relay() {
    loop_.stop();
}

broker::BrokerSettings Relay::complete(broker::BrokerSettings broker,
                                       const RelaySettings& settings) {
    const proto::Topics topics(settings.prefix);
    const Publications publications(topics, settings.node);
    broker.client_id = settings.node;
    // Streams and queries at QoS 0: what waited at the broker for this node would come too late.
    broker.subscriptions = {{topics.commands_share(), 1},
                            {topics.cancels_share(), 1},
                            {topics.broadcasts_filter(), 1},
                            {topics.streams_filter(), 0},
                            {topics.queries_share(), 0},
                            {topics.nodes_filter(), 1},
                            {topics.kick(settings.node), 0}};
    if (settings.shared) {
        for (std::string& filter : topics.from_nodes_filters(settings.node)) {
            broker.subscriptions.push_back({std::move(filter), 1});
        }
    }
    auto will = publications.node(
        {settings.node, "down", 0, settings.capacity, settings.url, settings.version, ""});
    broker.will = broker::Will{std::move(will.topic), std::move(will.payload), 1, true};
    return broker;
}

void Relay::begin() {
    asio::post(loop_.io(), [this] {
        carry_out_effects();
        inlet_.replay([this] {
            broker_.start(*this);
            health_.started.store(true, std::memory_order_relaxed);
        });
    });
}

void Relay::start() {
    metrics_.loop_lag(loop_.name(), loop_.lag());
    started_ = true;
    begin();
    loop_.start([this](core::Moment /*now*/) { tick(); });
}

void Relay::drain() {
    loop_.run_and_wait([this] { announce("draining"); });
}

void Relay::close() {
    closed_ = true;
    inlet_.close();
}

bool Relay::finish(std::chrono::milliseconds patience) {
    loop_.run_and_wait([this] {
        announce("down");
        close();
    });
    const core::Instant until = clock_().mono + patience;
    bool empty = false;
    while (!empty && clock_().mono < until) {
        std::promise<void> ticked;
        loop_.run_and_wait([&] {
            empty = outbox_.size() == 0 && store_.backlog() == 0;
            if (empty) {
                outbox_.note_acknowledged();
            } else {
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
        const bool expendable = core::is_expendable(*frame);
        if (reports_.size() >= (expendable ? kMaxReports : kMaxReportsHard)) {
            metrics_.broker_dropped(expendable ? "telemetry" : "report");
            return false;
        }
    }
    if (is_unhurried(report.body)) {
        reports_.push_unhurried(std::move(report), kMaxUnhurried);
    } else {
        reports_.push(std::move(report));
    }
    return true;
}

void Relay::on_connected(bool session_present) {
    events_.push(Connected{session_present});
}

void Relay::on_disconnected(std::string_view reason) {
    events_.push(Disconnected{std::string(reason)});
}

void Relay::on_message(broker::InboundMessage message) {
    if (live_nodes_.take(message)) {
        return;
    }
    last_publish_.store(clock_().mono);
    const auto topic = publications_.topics().parse_input(message.topic);
    if (!topic || !is_transient(topic->kind)) {
        inlet_.arrived(std::move(message), clock_());
        return;
    }
    const bool waits = topic->kind == proto::InputKind::broadcast ||
                       topic->kind == proto::InputKind::taken ||
                       topic->kind == proto::InputKind::released;
    if (waits) {
        transient_.wait_below(kMaxTransient, kIntakePatience);
    } else if (transient_.size() >= kMaxTransient) {
        metrics_.broker_dropped(topic->kind == proto::InputKind::query ? "query" : "stream");
        return;
    }
    transient_.push(std::move(message));
}

void Relay::delivered(core::Delivered delivered) {
    deliveries_.push(delivered);
}

void Relay::on_published(broker::PublishTicket ticket, broker::PublishResult result) {
    if (result == broker::PublishResult::acknowledged) {
        events_.push_unhurried(Published{ticket, result}, kMaxUnhurried);
    } else {
        events_.push(Published{ticket, result});
    }
}

// ---- time ----

std::optional<core::Instant> Relay::next_deadline() const {
    const auto deadline = closed_ ? std::nullopt : dispatcher_.next_deadline();
    return deadline && collect_at_ ? std::min(deadline, collect_at_)
                                   : std::max(deadline, collect_at_);
}

void Relay::advance() {
    if (collect_at_ && *collect_at_ <= clock_().mono) {
        collect();
    }
    if (!closed_) {
        dispatcher_.advance(clock_());
    }
    carry_out_effects();
}

void Relay::collect() {
    collect_at_.reset();
    reports_.collect();
    events_.collect();
    publish_due_states();
    expect_unhurried();
}

void Relay::expect_unhurried() {
    if (!collect_at_ && (unconfirmed_ > 0 || outbox_.in_flight() > 0 || states_.size() > 0)) {
        collect_at_ = clock_().mono + kCollectAfter;
    }
}

void Relay::tick() {
    const core::Moment now = clock_();
    watch_space();
    inlet_.pump();
    inlet_.release();
    if (outbox_.size() < Outbox::kMaxExpendable) {
        stopped_sessions_.pump();
    }
    outbox_.tick(now.mono);
    if (!closed_) {
        outbox_.publish_doubted();
    }
    collect();
    arm_deadline();
    metrics_.loop_lag(loop_.name(), loop_.lag());
    metrics_.set_outbox(outbox_.size());
    metrics_.set_commands_waiting(dispatcher_.waiting());
    metrics_.set_commands_unfinished(dispatcher_.unfinished());
    metrics_.set_subscriptions(subscriptions_.size());
    queries_.expire();
    continue_broadcasts();
    watch_nodes();
    health_.sessions.store(directory_.entries().size(), std::memory_order_relaxed);
    if (++ticks_ % kTicksPerHousekeeping == 0) {
        directory_.forget_calm(now.mono);
        epochs_.cover(directory_.last_epoch(), now.wall);
        metrics_.set_dedup_horizon(store_.dedup_horizon(now.wall));
        if (directory_.entries().size() != announced_sessions_) {
            announce(state_);
        }
    }
    if (const auto ticked = std::exchange(when_ticked_, nullptr)) {
        ticked();
    }
}

void Relay::watch_space() {
    const char* problem = nullptr;
    if (!store_.has_space()) {
        problem = "the disk of the store is full";
    } else if (ingress_.space().nearly_full) {
        problem = "no room for the ingress log";
    }
    const char* const before = health_.store_problem.exchange(problem, std::memory_order_relaxed);
    if ((problem == nullptr) == (before == nullptr)) {
        return;
    }
    if (problem != nullptr) {
        log::error("intake_paused", {{"why", problem}});
        broker_.pause(problem);
    } else {
        log::info("intake_resumed");
        broker_.resume();
    }
}

void Relay::arm_deadline() {
    if (!started_) {
        return;
    }
    auto next = next_deadline();
    if (next && store_.backlog() > kMaxBacklog) {
        next = std::max(*next, clock_().mono + kBacklogPause);
    }
    if (!next || (armed_ && *armed_ <= *next)) {
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
