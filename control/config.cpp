#include "control/config.hpp"

#include "device-mgmt/settings/common_checks.hpp"
#include "device-mgmt/settings/table.hpp"
#include "device-mgmt/settings/text_rules.hpp"

namespace dm::control {

namespace {

using settings::Table;

constexpr std::int64_t kMaxPort = 65535;

void add_listen(Table& table, Config::Listen& listen) {
    table.text(
        "listen.address",
        listen.address,
        "IP address for operators. Tokens travel in the clear here: off loopback put a proxy "
        "with TLS in front.",
        settings::ip_address);
    table.integer(
        "listen.port", listen.port, {0, kMaxPort}, "Port for operators. 0: the kernel picks one.");
    table.integer("listen.max_connections",
                  listen.max_connections,
                  {1, 1'000'000},
                  "Connections of operators; further ones are closed at once. Lowered to what the "
                  "limit of open files allows.");
}

void add_broker(Table& table, Config::Broker& broker) {
    table.text("broker.url",
               broker.url,
               "The MQTT 5 broker of the nodes: mqtt://HOST[:1883], or mqtts://HOST[:8883] with "
               "TLS.",
               settings::broker_url);
    table.text("broker.prefix",
               broker.prefix,
               "First levels of every topic, as the nodes have it.",
               settings::topic_prefix);
    table.text("broker.username", broker.username, "Login at the broker. Empty: anonymous.");
    table.secret("broker.password",
                 broker.password,
                 "Its password. Better given as CONTROL_BROKER_PASSWORD: a flag is visible in the "
                 "process list.");
    table.text("broker.ca",
               broker.ca,
               "PEM file with the authority of the broker's certificate. Empty: the system's.");
}

void add_ops(Table& table, Config::Ops& ops) {
    table.text("ops.address",
               ops.address,
               "IP address of the operations endpoint: /livez, /readyz, /metrics.",
               settings::ip_address);
    table.integer("ops.port", ops.port, {0, kMaxPort}, "Its port. 0: the kernel picks one.");
    table.secret("ops.token",
                 ops.token,
                 "Bearer token that the operations endpoint asks for. May only be empty on a "
                 "loopback address.");
}

void check_all(const Config& config, settings::Checks& checks) {
    if (config.node.name.empty()) {
        checks.fail("node.name", "must be set: this machine's host name is no node name");
    }
    if (config.auth.operator_tokens.empty()) {
        checks.fail("auth.operator_tokens",
                    "must be set: nobody could do anything; `control tokens add` makes the file");
    }
    settings::check_ops(config.ops.address, config.ops.token, checks);
    settings::check_broker(config.broker, checks);
}

}  // namespace

void add_keys(Table& table, Config& config) {
    table.text("node.name",
               config.node.name,
               "Name of this instance in the ids of events and in the log. Several instances may "
               "have the same. Empty: the host name.",
               settings::node_name);
    add_listen(table, config.listen);
    table.text("auth.operator_tokens",
               config.auth.operator_tokens,
               "File of the operators' tokens, made by `control tokens add`. Read again when it "
               "changes, and on SIGHUP.");
    add_broker(table, config.broker);
    add_ops(table, config.ops);
    table.seconds("drain.deadline_s",
                  config.drain.deadline,
                  {0, 3600},
                  "On SIGTERM calls that wait for a reply may take so many seconds more; then they "
                  "are told where to ask, and the process ends.");
    table.text("log.level",
               config.log.level,
               "trace, debug, info, warn, error or off. Read again on SIGHUP.",
               settings::one_of({"trace", "debug", "info", "warn", "error", "off"}));
    table.text("log.format",
               config.log.format,
               "text for people, json (one object per line) for machines; to standard error.",
               settings::one_of({"text", "json"}));
}

tl::expected<Config, settings::Exit> load_config(const settings::Sources& sources) {
    Config config;
    Table table({"control",
                 "CONTROL_",
                 DM_VERSION,
                 "Commands, replies and the fleet over HTTP: REST and server-sent events.\n\n"
                 "`control tokens --help` is about the tokens of operators."});
    add_keys(table, config);
    const auto loaded = table.load(sources, [&](settings::Checks& checks) {
        if (config.node.name.empty()) {
            config.node.name = settings::host_name();
        }
        check_all(config, checks);
    });
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    return config;
}

}  // namespace dm::control
