#include "device-mgmt/config_keys.hpp"

#include "device-mgmt/config_rules.hpp"

#include <cstdint>

namespace dm {

namespace {

using settings::Table;

constexpr std::int64_t kMaxPort = 65535;
constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kKiB = 1024;

void add_node(Table& table, Config::Node& node) {
    table.text("node.name",
               node.name,
               "Name of this node in topics, presence and replies, and its MQTT client id: unique "
               "per broker, stable over restarts. Empty: the host name.",
               rules::node_name);
    table.text("node.url",
               node.url,
               "Where devices reach this node itself, not the balancer, as wss://HOST:PORT; told "
               "to operators and to devices that are asked to reconnect. Empty: not told.",
               rules::node_url);
}

void add_listen(Table& table, Config::Listen& listen) {
    table.text("listen.address",
               listen.address,
               "IP address for devices. 0.0.0.0 is every IPv4 address, :: IPv6.",
               rules::ip_address);
    table.integer(
        "listen.port", listen.port, {0, kMaxPort}, "Port for devices. 0: the kernel picks one.");
    table.boolean(
        "listen.tls",
        listen.tls,
        "TLS 1.2 and 1.3. Only false behind a proxy that ends TLS, or in tests: identities "
        "then travel in the clear, and a warning is logged.");
    table.text("listen.cert",
               listen.cert,
               "PEM file with the server's certificate first, then the chain. ECDSA P-256 signs "
               "25 times as fast as RSA-2048. Read again on SIGHUP.");
    table.text("listen.key", listen.key, "PEM file with the private key of that certificate.");
    table.text("listen.ticket_keys",
               listen.ticket_keys,
               "File of one to sixteen keys of 80 random bytes that seal the tickets with which "
               "devices resume TLS sessions at half the cost: the first seals, all open. Give all "
               "nodes the same file, and put a new key in front every few hours; it is noticed "
               "when it changes. Empty: keys of this process alone, changed every 8 hours.");
    table.list("listen.origins",
               listen.origins,
               "Web origins that may connect, such as https://console.example. Devices send no "
               "Origin and are not concerned; every other Origin gets 403.",
               rules::origin);
    table.integer("listen.threads",
                  listen.threads,
                  {0, 256},
                  "Threads that hold sessions, each with its own listener on the same port. 0: one "
                  "per core; more do not help.");
    table.integer("listen.max_handshakes",
                  listen.max_handshakes,
                  {1, 100000},
                  "Unfinished TLS and HTTP handshakes per thread; at the bound accepting pauses. A "
                  "handshake costs 1 ms of CPU: more at once would time out instead of finishing.");
    table.number("listen.accepts_per_address",
                 listen.accepts_per_address,
                 {1, 1e6},
                 "New connections per second from one address, with a burst of five times as many; "
                 "beyond it they are reset. Raise it where many devices share one NAT address.");
    table.integer("listen.max_connections",
                  listen.max_connections,
                  {0, 10'000'000},
                  "Connections in all; beyond it an upgrade is answered 503 with Retry-After. The "
                  "descriptors for them must be there at the start. 0: health.max_sessions, and "
                  "without it as many as there are descriptors for.");
}

void add_auth(Table& table, auth::AuthSettings& auth) {
    table.boolean("auth.mtls",
                  auth.mtls,
                  "Ask devices for a client certificate; its CN is the device id. One that does "
                  "not verify ends in a TLS alert; devices without one may use another identity.");
    table.text("auth.client_ca",
               auth.client_ca,
               "PEM file with the authorities that sign client certificates. Where it holds "
               "revocation lists (CRLs) as well, each certificate must be on none of its issuer.");
    table.text(
        "auth.jwt_keys",
        auth.jwt_keys,
        "Folder with the keys that verify tokens: <kid>.pem is a public key (ES256 or RS256, "
        "never HMAC), <kid>.secret at least 32 raw bytes (HS256 only). Empty: no tokens. "
        "Read again on SIGHUP.");
    table.text(
        "auth.jwt_audience",
        auth.jwt_audience,
        "What a token's aud must be or contain. Empty: not checked, so tokens made for other "
        "services are accepted if their key is trusted here.");
    table.text(
        "auth.jwt_issuer", auth.jwt_issuer, "What a token's iss must be. Empty: not checked.");
    table.text("auth.credentials",
               auth.credentials,
               "File of HTTP Basic credentials, made by `device-mgmt credentials add`; it holds "
               "salted hashes, not secrets. Empty: no Basic. Read again on SIGHUP.");
}

void add_session(Table& table, Config::Session& session) {
    table.seconds("session.heartbeat_s",
                  session.heartbeat,
                  {1, 3600},
                  "How often devices are asked to show life; told in `welcome`. 20 s keeps the "
                  "shortest common NAT and proxy time-outs (30 s) away.");
    table.seconds("session.dead_after_s",
                  session.dead_after,
                  {2, 7200},
                  "A device silent for so long has been closed with 4002 and is gone; the close is "
                  "sent up to 0.75 s before (a sixtieth of a shorter time). At least twice the "
                  "heartbeat: one lost heartbeat is no death.");
    table.seconds("session.refresh_s",
                  session.refresh,
                  {0, 30 * kDay},
                  "Age at which a session is closed with 4004 and made anew, give or take 10 %, so "
                  "that a fleet spreads over all nodes again and identities are checked again. A "
                  "`reconnect` tells the device before. 0: never.");
    table.integer(
        "session.max_frames_per_s",
        session.max_frames_per_s,
        {1, 100000},
        "Frames per second from one device, with a burst of four times as many; beyond it "
        "the session is closed with 4005.");
    table.integer("session.max_unsent_bytes",
                  session.max_unsent_bytes,
                  {128 * kKiB, kKiB * 65536},
                  "Bytes waiting for a device that reads too slowly; beyond it nothing more is "
                  "handed to the connection, and without progress it is closed with 4006. At least "
                  "two messages of the largest size.");
}

void add_commands(Table& table, Config::Commands& commands) {
    table.integer("commands.window",
                  commands.window,
                  {1, 1024},
                  "Unanswered commands per device; the next waits. 1: strictly one by one.");
    table.integer("commands.queue_per_device",
                  commands.queue_per_device,
                  {1, 100000},
                  "Commands waiting per device, offline or behind the window; beyond it they are "
                  "rejected with queue_full.");
    table.integer("commands.max_unfinished",
                  commands.max_unfinished,
                  {1, 100'000'000},
                  "Unfinished commands of all devices together; beyond it they are rejected with "
                  "queue_full. Each takes about 1 KiB of memory plus its args.");
}

void add_broker(Table& table, Config::Broker& broker) {
    table.text("broker.url",
               broker.url,
               "The MQTT 5 broker: mqtt://HOST[:1883], or mqtts://HOST[:8883] with TLS.",
               rules::broker_url);
    table.text("broker.prefix",
               broker.prefix,
               "First levels of every topic; lets several installations share a broker.",
               rules::topic_prefix);
    table.text("broker.username", broker.username, "Login at the broker. Empty: anonymous.");
    table.secret("broker.password",
                 broker.password,
                 "Its password. Better given as DEVICE_MGMT_BROKER_PASSWORD: a flag is visible in "
                 "the process list.");
    table.text("broker.ca",
               broker.ca,
               "PEM file with the authority of the broker's certificate. Empty: the system's.");
    table.text("broker.response_topics",
               broker.response_topics,
               "MQTT filter that Response Topics must match, such as answers/#. Empty: any topic "
               "outside the prefix that does not begin with $.",
               rules::topic_filter);
}

void add_store(Table& table, Config::Store& store) {
    table.text(
        "store.sqlite",
        store.sqlite,
        "File of the store: accepted commands and their ends. Made if it is not there; beside "
        "it stand -wal, -shm and .lock. One process at a time.");
    table.text(
        "store.redis",
        store.redis,
        "Redis that the nodes of a fleet share, as redis://[USER:PASSWORD@]HOST[:PORT][/DB], "
        "instead of store.sqlite. Better given as DEVICE_MGMT_STORE_REDIS if it has a "
        "password. It must have appendonly yes and appendfsync always. Empty: one node, "
        "with a file of its own.",
        rules::redis_url);
    table.text(
        "store.ingress",
        store.ingress,
        "Folder of the ingress log, in which publishes are safe before the broker is told so; "
        "at most 1 GiB. Empty: `ingress` beside the store.");
    table.hours("store.keep_finished_h",
                store.keep_finished,
                {1, 24L * 365},
                "Hours for which a finished command is remembered: its id repeated within them "
                "gets the stored answer instead of a second execution.");
    table.integer("store.keep_finished_max",
                  store.keep_finished_max,
                  {1000, 1'000'000'000},
                  "Finished commands remembered at most; the oldest are forgotten first.");
    table.integer("store.keep_devices_max",
                  store.keep_devices_max,
                  {1000, 100'000'000},
                  "Devices remembered at most; of those that are offline the ones seen longest ago "
                  "are forgotten first.");
}

void add_queries(Table& table, Config::Queries& queries) {
    table.integer("queries.max_per_s",
                  queries.max_per_s,
                  {1, 100'000},
                  "Queries answered per second, with bursts of twice as many; beyond it they are "
                  "answered with busy.");
}

void add_groups(Table& table, Config::Groups& groups) {
    table.list("groups.members",
               groups.members,
               "Devices of groups, besides those whose token says so: night=lamp-7 for one "
               "device, lamps=lamp-* for all whose id begins so.",
               rules::group_member);
    table.list("groups.self_service",
               groups.self_service,
               "Labels by which a device joins a group itself: with site in this list a device "
               "whose hello has the label site = hall-3 is in the group site.hall-3.",
               rules::label_name);
}

void add_streams(Table& table, Config::Streams& streams) {
    table.integer("streams.max_subscriptions",
                  streams.max_subscriptions,
                  {1, 100'000'000},
                  "Subscriptions of all sessions to streams; beyond it devices get not_allowed. "
                  "Each takes about 200 bytes.");
}

void add_ops(Table& table, Config::Ops& ops) {
    table.text("ops.address",
               ops.address,
               "IP address of the operations endpoint: /livez, /readyz, /metrics.",
               rules::ip_address);
    table.integer("ops.port", ops.port, {0, kMaxPort}, "Its port. 0: the kernel picks one.");
    table.secret("ops.token",
                 ops.token,
                 "Bearer token that the operations endpoint asks for. May only be empty on a "
                 "loopback address.");
}

void add_drain(Table& table, Config::Drain& drain) {
    table.seconds(
        "drain.spread_s",
        drain.spread,
        {0, kDay},
        "On SIGTERM sessions are closed evenly over so many seconds, so that their return "
        "does not overwhelm the other nodes.");
    table.seconds("drain.deadline_s",
                  drain.deadline,
                  {0, kDay},
                  "The process ends at the latest so many seconds after SIGTERM. 0: drain.spread_s "
                  "+ 30.");
}

void add_health(Table& table, Config::Health& health) {
    table.integer("health.max_sessions",
                  health.max_sessions,
                  {0, 10'000'000},
                  "Sessions this node is meant for; told to balancers, and /readyz answers 503 "
                  "above health.max_load of it. Beyond it an upgrade is answered 503, and the "
                  "descriptors for them must be there at the start. 0: no such bound.");
    table.number("health.max_load",
                 health.max_load,
                 {0.05, 1},
                 "Share of sessions, descriptors and memory above which /readyz answers 503. The "
                 "rest is for what is already on its way.");
}

void add_log(Table& table, log::LogSettings& log) {
    table.text("log.level",
               log.level,
               "trace, debug, info, warn, error or off. Read again on SIGHUP.",
               settings::one_of({"trace", "debug", "info", "warn", "error", "off"}));
    table.text("log.format",
               log.format,
               "text for people, json (one object per line) for machines; to standard error.",
               settings::one_of({"text", "json"}));
}

}  // namespace

void add_keys(settings::Table& table, Config& config) {
    add_node(table, config.node);
    add_listen(table, config.listen);
    add_auth(table, config.auth);
    add_session(table, config.session);
    add_commands(table, config.commands);
    add_broker(table, config.broker);
    add_store(table, config.store);
    add_queries(table, config.queries);
    add_groups(table, config.groups);
    add_streams(table, config.streams);
    add_ops(table, config.ops);
    add_drain(table, config.drain);
    add_health(table, config.health);
    add_log(table, config.log);
}

}  // namespace dm
