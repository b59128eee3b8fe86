#include "device-mgmt/app.hpp"

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/broker/mqtt_broker.hpp"
#include "device-mgmt/descriptors.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/loop/signals.hpp"
#include "device-mgmt/net/probe_port.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "device-mgmt/ops/process_usage.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include <asio/post.hpp>
#include <unistd.h>

namespace dm {

namespace {

using loop::Signal;
using loop::wait_for_signal;

constexpr std::chrono::milliseconds kFlushPatience{5000};
constexpr std::chrono::milliseconds kBrokerGrace{2000};
constexpr std::chrono::milliseconds kPoll{100};
/// Files are looked at every half second: what is written together has changed together by then.
constexpr unsigned kTurnsPerLook = 5;
/// A node that leaves goes when the broker has sent nothing for so long.
constexpr std::chrono::seconds kLeaveQuiet{2};
constexpr std::chrono::hours kCertificateLook{24};
constexpr std::chrono::hours kCertificateWarning{24 * 30};

/// The connections this node is to hold; 0: as many as it can.
std::size_t wanted_connections(const Config& config) {
    const auto sessions = static_cast<std::size_t>(config.health.max_sessions);
    const std::size_t connections = config.listen.max_connections;
    return sessions == 0 || connections == 0 ? std::max(sessions, connections)
                                             : std::min(sessions, connections);
}

relay::RelaySettings relay_settings(const Config& config) {
    relay::RelaySettings settings;
    settings.node = config.node.name;
    settings.url = config.node.url;
    settings.version = DM_VERSION;
    settings.prefix = config.broker.prefix;
    settings.response_topics = config.broker.response_topics;
    settings.capacity = config.health.max_sessions;
    settings.dispatch.window = config.commands.window;
    settings.dispatch.queue_per_device = config.commands.queue_per_device;
    settings.dispatch.max_unfinished = config.commands.max_unfinished;
    settings.max_queries_per_s = config.queries.max_per_s;
    settings.max_subscriptions = config.streams.max_subscriptions;
    settings.groups.self_service = config.groups.self_service;
    settings.shared = !config.store.redis.empty();
    for (const std::string& member : config.groups.members) {
        if (auto rule = core::parse_group_rule(member)) {  // checked with the configuration
            settings.groups.members.push_back(*std::move(rule));
        }
    }
    return settings;
}

broker::BrokerSettings broker_settings(const Config& config) {
    broker::BrokerSettings settings;
    settings.url = config.broker.url;
    settings.username = config.broker.username;
    settings.password = config.broker.password;
    settings.ca = config.broker.ca;
    return relay::Relay::complete(std::move(settings), relay_settings(config));
}

shard::ShardSettings shard_settings(const Config& config,
                                    std::uint32_t index,
                                    std::uint32_t of,
                                    net::Capacity& capacity) {
    shard::ShardSettings settings;
    settings.index = index;
    settings.origins = config.listen.origins;
    settings.endpoint.address = config.listen.address;
    settings.endpoint.port = config.listen.port;
    settings.endpoint.reuse_port = of > 1;
    settings.endpoint.limits.max_unsent_bytes = config.session.max_unsent_bytes;
    settings.endpoint.limits.max_handshakes = config.listen.max_handshakes;
    settings.endpoint.capacity = &capacity;
    settings.endpoint.limits.accepts_per_address_per_s = config.listen.accepts_per_address;
    settings.session.node = config.node.name;
    settings.session.heartbeat = config.session.heartbeat;
    settings.session.dead_after = config.session.dead_after;
    settings.session.refresh = config.session.refresh;
    settings.session.max_frames_per_s = config.session.max_frames_per_s;
    settings.session.max_unsent_bytes = config.session.max_unsent_bytes;
    return settings;
}

/// What is not durable must not be told to be: there is nothing left to do but to start again. No
/// destructor runs, so nothing pretends to be in order.
[[noreturn]] void die(const std::string& reason) {
    log::error("store_failed", {{"why", reason}});
    ::_exit(1);
}

}  // namespace

App::App(const Config& config, settings::Sources sources)
    : config_(config),
      sources_(std::move(sources)),
      watch_({config.listen.cert,
              config.listen.key,
              config.listen.ticket_keys,
              config.auth.client_ca,
              config.auth.jwt_keys,
              config.auth.credentials}),
      metrics_(DM_VERSION) {}

App::~App() = default;

tl::expected<std::unique_ptr<App>, std::string> App::start(const Config& config,
                                                           const settings::Sources& sources) {
    std::unique_ptr<App> app(new App(config, sources));
    if (auto started = app->start_parts(); !started) {
        return tl::unexpected(std::move(started.error()));
    }
    return app;
}

tl::expected<void, std::string> App::start_parts() {
    const std::size_t descriptors = ops::raise_descriptor_limit();
    const auto plan = plan_descriptors(descriptors, wanted_connections(config_));
    if (!plan) {
        return tl::unexpected(plan.error());
    }
    capacity_.emplace(net::Capacity::Limits{plan->sockets, plan->connections});
    health_limits_.max_sessions = plan->connections;
    health_limits_.max_load = config_.health.max_load;
    auto loaded = open_store();
    if (!loaded) {
        return tl::unexpected(std::move(loaded.error()));
    }
    broker_ = broker::make_mqtt_broker(broker_settings(config_));
    make_relay(std::move(*loaded));
    if (auto started = start_shards(); !started) {
        return started;
    }
    ops_ = std::make_unique<ops::OpsServer>(
        ops::OpsSettings{config_.ops.address, config_.ops.port, config_.ops.token},
        health_limits_,
        metrics_,
        health_,
        [this](ops::DrainRequest wanted) { return ask_to_drain(wanted); });
    if (auto started = ops_->start(); !started) {
        return started;
    }
    relay_->start();
    for (const auto& shard : shards_) {
        shard->start();
    }
    log::info("started",
              {{"node", config_.node.name},
               {"version", DM_VERSION},
               {"port", static_cast<unsigned>(shards_.front()->port())},
               {"ops_port", static_cast<unsigned>(ops_->port())},
               {"shards", shards_.size()},
               {"descriptors", descriptors},
               {"max_connections", plan->connections},
               {"tls", config_.listen.tls}});
    return {};
}

tl::expected<store::Loaded, std::string> App::open_store() {
    store::StoreEvents events;
    events.on_writable = [](bool writable, const std::string& reason) {
        if (writable) {
            log::info("store_writable");
        } else {
            log::error("store_full", {{"why", reason}});
        }
    };
    events.on_fatal = die;
    auto opened = open_node_store(
        config_,
        [this](std::function<void()> what) { asio::post(relay_loop_.io(), std::move(what)); },
        std::move(events));
    if (!opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    store_ = std::move(*opened);
    const core::Moment begun = core::read_clock();
    store::Loaded loaded;
    try {
        loaded = store_.store->load(begun);
    } catch (const std::runtime_error& problem) {
        return tl::unexpected(std::string(problem.what()));
    }
    auto ingress = store::IngressLog::open({config_.store.ingress}, loaded.durable_lsn);
    if (!ingress) {
        return tl::unexpected(std::move(ingress.error()));
    }
    ingress_ = std::move(*ingress);
    const store::IngressRecovery& found = ingress_->recovery();
    if (found.damaged) {
        metrics_.ingress_dropped(found.dropped_bytes);
        log::error("ingress_log_cut",
                   {{"dropped_bytes", found.dropped_bytes}, {"what", found.detail}});
    }
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(core::read_clock().mono - begun.mono);
    log::info("store_loaded",
              {{"path", store_.place},
               {"unfinished", loaded.unfinished.size()},
               {"outbox", loaded.outbox.size()},
               {"ingress", found.records},
               {"ms", took.count()}});
    return loaded;
}

void App::make_relay(store::Loaded loaded) {
    relay_ = std::make_unique<relay::Relay>(
        relay_settings(config_),
        relay::RelayParts{relay_loop_,
                          *broker_,
                          *store_.store,
                          *ingress_,
                          metrics_,
                          health_,
                          [this](core::Order order) {
                              shard::Shard& shard = *shards_[order.to.shard];
                              shard.post(std::move(order));
                          },
                          die,
                          [this](std::uint32_t shard, core::Delivery delivery) {
                              shards_[shard]->post(std::move(delivery));
                          },
                          store_.directory},
        std::move(loaded));
}

tl::expected<std::shared_ptr<const net::TlsContext>, std::string> App::load_tls() {
    if (!config_.listen.tls) {
        return nullptr;
    }
    if (!config_.listen.ticket_keys.empty()) {
        auto tickets = net::TicketKeys::read(config_.listen.ticket_keys);
        if (!tickets) {
            return tl::unexpected(std::move(tickets.error()));
        }
        tickets_ = std::move(*tickets);
    }
    return net::TlsContext::load({config_.listen.cert,
                                  config_.listen.key,
                                  config_.auth.mtls ? config_.auth.client_ca : "",
                                  false},
                                 tickets_);
}

void App::rotate_tickets(core::Moment now) {
    next_ticket_rotation_ = now.mono + net::TicketKeys::kRotation;
    if (config_.listen.tls && config_.listen.ticket_keys.empty()) {
        tickets_ = tickets_.rotated();
        reload();
    }
}

tl::expected<void, std::string> App::load_secrets() {
    auto tls = load_tls();
    if (!tls) {
        return tl::unexpected(std::move(tls.error()));
    }
    auto keys = auth::KeyRing::load(config_.auth);
    if (!keys) {
        return tl::unexpected(std::move(keys.error()));
    }
    tls_ = std::move(*tls);
    keys_ = std::move(*keys);
    watch_certificate(core::read_clock());
    return {};
}

void App::reload() {
    if (auto loaded = load_secrets(); !loaded) {
        metrics_.reloaded(false);
        log::error("reload_failed", {{"why", loaded.error()}, {"in_force", "the old ones"}});
        return;
    }
    // Told when they are in force everywhere.
    const auto waiting = std::make_shared<std::atomic<std::size_t>>(shards_.size());
    for (const auto& shard : shards_) {
        shard->reload(tls_, keys_, [this, waiting] {
            if (waiting->fetch_sub(1) == 1) {
                metrics_.reloaded(true);
                log::info("reloaded");
            }
        });
    }
}

void App::watch_certificate(core::Moment now) {
    if (tls_ == nullptr) {
        return;
    }
    metrics_.set_certificate_expiry(tls_->expires_at());
    next_certificate_look_ = now.mono + kCertificateLook;
    const auto left = tls_->expires_at() - now.wall;
    if (left < kCertificateWarning) {
        const auto days = std::chrono::duration_cast<std::chrono::hours>(left).count() / 24;
        log::error(left.count() > 0 ? "certificate_expires_soon" : "certificate_expired",
                   {{"file", config_.listen.cert}, {"days_left", days}});
    }
}

void App::reload_log_level() {
    const auto config = load_config(sources_);
    if (!config) {
        log::error("reload_failed", {{"why", config.error().text}, {"in_force", "the old level"}});
    } else if (const auto level = log::parse_level(config->log.level)) {
        log::set_level(*level);
    }
}

tl::expected<void, std::string> App::start_shards() {
    if (auto loaded = load_secrets(); !loaded) {
        return loaded;
    }
    if (!config_.listen.tls) {
        log::warn("plain_websocket", {{"why", "listen.tls is false: nothing is encrypted"}});
    }
    // With SO_REUSEPORT a second copy of the server would bind as well and steal connections.
    if (auto free = net::probe_port(config_.listen.address, config_.listen.port); !free) {
        return free;
    }
    const std::uint32_t count = config_.listen.threads != 0
                                    ? config_.listen.threads
                                    : std::max(1U, std::thread::hardware_concurrency());
    std::uint16_t port = config_.listen.port;
    for (std::uint32_t index = 0; index < count; ++index) {
        shard::ShardSettings settings = shard_settings(config_, index, count, *capacity_);
        settings.endpoint.port = port;
        shards_.push_back(
            std::make_unique<shard::Shard>(std::move(settings), tls_, keys_, *relay_, metrics_));
        if (auto listening = shards_.back()->listen(); !listening) {
            return listening;
        }
        port = shards_.back()->port();  // the kernel's choice for port 0 holds for all shards
    }
    return {};
}

std::size_t App::sessions() const {
    std::size_t count = 0;
    for (const auto& shard : shards_) {
        count += shard->sessions();
    }
    return count;
}

void App::watch_load() {
    std::chrono::milliseconds worst = relay_loop_.lag();
    for (const auto& shard : shards_) {
        worst = std::max(worst, shard->loop().lag());
    }
    health_.loop_lag_ms.store(worst.count(), std::memory_order_relaxed);
    const std::string overload = ops::overload(health_, health_limits_, ops::read_memory_usage());
    if (overload.empty() == overloaded_) {
        overloaded_ = !overloaded_;
        capacity_->set_overloaded(overloaded_);
        log::warn(overloaded_ ? "overloaded" : "overload_ended", {{"why", overload}});
    }
}

int App::run() {
    unsigned turn = 0;
    for (Signal signal = Signal::none; signal != Signal::stop; ++turn) {
        signal = wait_for_signal(kPoll);
        watch_load();
        if (const core::Moment now = core::read_clock(); now.mono >= next_certificate_look_) {
            watch_certificate(now);
        }
        if (const core::Moment now = core::read_clock(); now.mono >= next_ticket_rotation_) {
            rotate_tickets(now);
        }
        if (signal == Signal::reload) {
            reload_log_level();
        }
        if ((turn % kTurnsPerLook == 0 && watch_.changed()) || signal == Signal::reload) {
            reload();
        }
    }
    log::info("draining", {{"sessions", sessions()}, {"spread_s", config_.drain.spread.count()}});
    const bool drained = drain();
    for (const auto& shard : shards_) {
        shard->stop();
    }
    const bool flushed = relay_->finish(drained ? kFlushPatience : std::chrono::milliseconds(0));
    broker_->stop(kBrokerGrace);
    ops_->stop();
    log::info("stopped", {{"drained", drained}, {"flushed", flushed}});
    return drained ? 0 : 1;
}

ops::DrainAnswer App::ask_to_drain(ops::DrainRequest wanted) {
    if (wanted.leave && !wanted.force && relay_->other_nodes() == 0) {
        return ops::DrainAnswer::last_node;
    }
    if (wanted.leave) {
        leaving_.store(true);
    }
    // Once: a second signal would cut the drain short.
    if (!health_.draining && !drain_asked_.exchange(true)) {
        kill(getpid(), SIGTERM);
    }
    return ops::DrainAnswer::draining;
}

bool App::is_through(core::Instant left_at) const {
    // What the broker had sent before it learned that we leave: it stops within moments.
    const bool quiet =
        !leaving_ ||
        (left_at != core::Instant{} &&
         core::read_clock().mono - std::max(relay_->last_publish(), left_at) >= kLeaveQuiet);
    return quiet && std::all_of(shards_.begin(), shards_.end(), [](const auto& shard) {
               return shard->drained();
           });
}

bool App::drain() {
    health_.draining.store(true);
    relay_->drain();
    core::Instant left_at{};
    const bool others_are_up = relay_->other_nodes() > 0;
    for (const auto& shard : shards_) {
        shard->drain({config_.drain.spread, others_are_up});
    }
    const core::Instant deadline = core::read_clock().mono + config_.drain.deadline;
    while (!is_through(left_at) && core::read_clock().mono < deadline) {
        if (leaving_ && left_at == core::Instant{}) {
            log::info("leaving", {{"other_nodes", relay_->other_nodes()}});
            broker_->leave();
            left_at = core::read_clock().mono;
        }
        if (wait_for_signal(kPoll) == Signal::stop) {
            log::warn("drain_cut_short", {{"sessions", sessions()}});
            return false;
        }
        watch_load();
    }
    return is_through(left_at);
}

}  // namespace dm
