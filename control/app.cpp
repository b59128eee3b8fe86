#include "control/app.hpp"

#include "device-mgmt/auth/sha256.hpp"
#include "device-mgmt/broker/mqtt_broker.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/loop/signals.hpp"
#include "device-mgmt/ops/process_usage.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <unistd.h>

namespace dm::control {

namespace {

using loop::Signal;
using loop::wait_for_signal;

constexpr std::chrono::milliseconds kBrokerGrace{2000};
constexpr std::chrono::milliseconds kPoll{100};

/// Descriptors that are no connections: files, the broker, operations.
constexpr std::size_t kOtherDescriptors = 64;

/// How long the broker keeps what comes for this instance while it is away. Its client id is never
/// used again, so after a stop this is how long the session is left over.
constexpr std::chrono::seconds kSessionExpiry{60};

broker::BrokerSettings broker_settings(const Config& config, const Identity& identity) {
    broker::BrokerSettings settings;
    settings.url = config.broker.url;
    settings.username = config.broker.username;
    settings.password = config.broker.password;
    settings.ca = config.broker.ca;
    settings.client_id = "control-" + identity.node + "-" + identity.boot;
    settings.session_expiry = kSessionExpiry;
    settings.subscriptions = identity.subscriptions();
    return settings;
}

/// A level of its topics: the login at the broker, where that can be one.
std::string broker_user(const Config& config) {
    const auto name = proto::Name::parse(config.broker.username);
    return name ? name->str() : "control";
}

}  // namespace

App::App(const Config& config, settings::Sources sources)
    : config_(config),
      sources_(std::move(sources)),
      watch_({config.auth.operator_tokens}),
      metrics_(DM_VERSION) {}

tl::expected<std::unique_ptr<App>, std::string> App::start(const Config& config,
                                                           const settings::Sources& sources) {
    std::unique_ptr<App> app(new App(config, sources));
    if (auto started = app->start_parts(); !started) {
        return tl::unexpected(std::move(started.error()));
    }
    return app;
}

tl::expected<void, std::string> App::start_parts() {
    auto tokens = read_tokens(config_.auth.operator_tokens);
    if (!tokens) {
        return tl::unexpected(std::move(tokens.error()));
    }
    if (tokens->empty()) {
        log::warn("no_tokens", {{"file", config_.auth.operator_tokens}});
    }
    const std::size_t descriptors = ops::raise_descriptor_limit();
    if (descriptors <= 2 * kOtherDescriptors) {
        return tl::unexpected("the limit of open files is too low: " + std::to_string(descriptors));
    }
    config_.listen.max_connections =
        std::min(config_.listen.max_connections, descriptors - kOtherDescriptors);

    const Identity identity{config_.node.name,
                            auth::to_hex(auth::random_octets(4)),
                            config_.broker.prefix,
                            broker_user(config_)};
    broker_ = broker::make_mqtt_broker(broker_settings(config_, identity));
    service_ = std::make_unique<Service>(config_, identity, *std::move(tokens), metrics_, health_);
    if (auto listening = service_->listen(); !listening) {
        return listening;
    }
    ops_ = std::make_unique<ops::OpsServer>(
        ops::OpsSettings{config_.ops.address, config_.ops.port, config_.ops.token},
        ops::OpsSources{[this] { return ops::judge(health_, {}, ops::read_process_usage()); },
                        [this] { return metrics_.text(); },
                        [](ops::DrainRequest /*request*/) {
                            kill(getpid(), SIGTERM);
                            return ops::DrainAnswer::draining;
                        }});
    if (auto started = ops_->start(); !started) {
        return started;
    }
    service_->start(*broker_);
    broker_->start(*service_);
    health_.started.store(true);
    log::info("started",
              {{"node", identity.node},
               {"boot", identity.boot},
               {"version", DM_VERSION},
               {"port", static_cast<unsigned>(service_->port())},
               {"ops_port", static_cast<unsigned>(ops_->port())},
               {"max_connections", config_.listen.max_connections}});
    return {};
}

void App::reload_tokens() {
    auto tokens = read_tokens(config_.auth.operator_tokens);
    if (!tokens) {
        log::error("reload_failed", {{"why", tokens.error()}, {"in_force", "the old tokens"}});
        return;
    }
    log::info("reloaded", {{"tokens", tokens->size()}});
    service_->replace_tokens(*std::move(tokens));
}

void App::reload_log_level() {
    const auto config = load_config(sources_);
    if (!config) {
        log::error("reload_failed", {{"why", config.error().text}, {"in_force", "the old level"}});
    } else if (const auto level = log::parse_level(config->log.level)) {
        log::set_level(*level);
    }
}

int App::run() {
    for (Signal signal = Signal::none; signal != Signal::stop;) {
        signal = wait_for_signal(kPoll * 5);
        if (signal == Signal::reload) {
            reload_log_level();
        }
        if (watch_.changed() || signal == Signal::reload) {
            reload_tokens();
        }
    }
    log::info("draining", {{"deadline_s", config_.drain.deadline.count()}});
    health_.draining.store(true);
    bool cut_short = false;
    const bool drained = service_->drain(config_.drain.deadline, [&] {
        cut_short = cut_short || wait_for_signal(kPoll) == Signal::stop;
        return cut_short;
    });
    broker_->stop(kBrokerGrace);
    service_->stop();
    ops_->stop();
    log::info("stopped", {{"drained", drained}});
    return cut_short ? 1 : 0;
}

}  // namespace dm::control
