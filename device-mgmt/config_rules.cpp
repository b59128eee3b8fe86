#include "device-mgmt/config_rules.hpp"

#include "device-mgmt/core/groups.hpp"
#include "device-mgmt/redis/url.hpp"
#include "device-mgmt/settings/common_checks.hpp"
#include "protocol/ids.hpp"

#include <string_view>

#include <fmt/format.h>

namespace dm::rules {

namespace {

void check_listen(const Config& config, settings::Checks& checks) {
    const Config::Listen& listen = config.listen;
    if (listen.tls && listen.cert.empty()) {
        checks.fail("listen.cert", "is needed while listen.tls is true", {"listen.tls"});
    }
    if (listen.tls && listen.key.empty()) {
        checks.fail("listen.key", "is needed while listen.tls is true", {"listen.tls"});
    }
}

void check_auth(const Config& config, settings::Checks& checks) {
    const auth::AuthSettings& auth = config.auth;
    if (auth.mtls && auth.client_ca.empty()) {
        checks.fail("auth.client_ca", "is needed while auth.mtls is true", {"auth.mtls"});
    }
    if (auth.mtls && !config.listen.tls) {
        checks.fail("auth.mtls", "needs listen.tls", {"listen.tls"});
    }
    if (!auth.mtls && auth.jwt_keys.empty() && auth.credentials.empty()) {
        checks.fail("auth.jwt_keys",
                    "or auth.credentials or auth.mtls must be set: no device could log in",
                    {"auth.mtls", "auth.credentials"});
    }
}

void check_times(const Config& config, settings::Checks& checks) {
    if (config.session.dead_after < 2 * config.session.heartbeat) {
        checks.fail("session.dead_after_s",
                    fmt::format("must be at least twice session.heartbeat_s ({})",
                                config.session.heartbeat.count()),
                    {"session.heartbeat_s"});
    }
    const bool computed = config.drain.deadline.count() == 0;
    if (!computed && config.drain.deadline < config.drain.spread) {
        checks.fail(
            "drain.deadline_s",
            fmt::format("must not be below drain.spread_s ({})", config.drain.spread.count()),
            {"drain.spread_s"});
    }
}

}  // namespace

std::optional<std::string> redis_url(const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto url = redis::parse_url(text);
    return url ? std::nullopt : std::optional(url.error());
}

std::optional<std::string> group_member(const std::string& text) {
    const auto rule = core::parse_group_rule(text);
    return rule ? std::nullopt : std::optional(rule.error());
}

std::optional<std::string> label_name(const std::string& text) {
    return proto::Name::parse(text) ? std::nullopt
                                    : std::optional<std::string>(
                                          "must be the name of a label that "
                                          "can begin a group's name");
}

void check_all(const Config& config, settings::Checks& checks) {
    if (config.node.name.empty()) {
        checks.fail("node.name", "must be set: this machine's host name is no node name");
    }
    check_listen(config, checks);
    check_auth(config, checks);
    check_times(config, checks);
    settings::check_ops(config.ops.address, config.ops.token, checks);
    settings::check_broker(config.broker, checks);
}

}  // namespace dm::rules
