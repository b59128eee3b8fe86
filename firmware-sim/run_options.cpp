#include "firmware-sim/run_options.hpp"

#include "firmware-sim/rate.hpp"
#include "firmware-sim/scenario.hpp"
#include "firmware-sim/target.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace dm::sim {
namespace {

using settings::IntegerRange;
using settings::NumberRange;
using settings::Table;

constexpr std::string_view kReplies = "replies:";
constexpr std::int64_t kMaxDevices = 1'000'000;
constexpr double kMaxDelayMs = 600'000;
constexpr double kMaxDurationS = 31'536'000;

std::optional<std::string> check_url(const std::string& url) {
    const auto target = parse_target(url);
    return target ? std::nullopt : std::optional{target.error()};
}

std::optional<std::string> check_ramp(const std::string& rate) {
    const auto parsed = parse_rate(rate);
    return parsed && *parsed > 0 ? std::nullopt
                                 : std::optional<std::string>{"must be a rate such as 50/s"};
}

std::optional<std::string> check_model(const std::string& model) {
    return is_model(model)
               ? std::nullopt
               : std::optional<std::string>{"must be thermostat, lamp, meter, lock or mixed"};
}

std::optional<std::string> check_exit_when(const std::string& when) {
    const bool known = when.empty() || when == "connected" || replies_to_wait_for(when) > 0;
    return known ? std::nullopt : std::optional<std::string>{"must be connected or replies:N"};
}

void add_fleet_keys(Table& table, RunOptions& options) {
    table.text("url", options.url, "Server: wss://host:port[/v1/device], or ws://", check_url);
    table.integer("devices", options.devices, {1, kMaxDevices}, "Number of devices");
    table.text("rate", options.rate, "Devices that begin to connect per second", check_ramp);
    table.text("prefix", options.prefix, "Device ids are this and five digits");
    table.integer("first", options.first, {0, kMaxDevices * 100}, "Number of the first device");
    table.text("format", options.format, "json or cbor", settings::one_of({"json", "cbor"}));
    table.text("scenario",
               options.scenario,
               "TOML file with groups of devices; instead of model, telemetry-s, reply-delay-ms "
               "and ack");
    table.text("model", options.model, "thermostat, lamp, meter, lock or mixed", check_model);
    table.number("telemetry-s",
                 options.telemetry_s,
                 NumberRange{0, 86'400},
                 "Seconds between a device's readings, ± 20 %; 0: none");
    table.number("reply-delay-ms",
                 options.reply_delay_ms,
                 NumberRange{0, kMaxDelayMs},
                 "A command takes up to so long");
    table.boolean("ack", options.ack, "Devices acknowledge a command before they execute it");
}

void add_run_keys(Table& table, RunOptions& options) {
    table.text("source-addresses",
               options.source_addresses,
               "Addresses to connect from: a list, or a number of loopback addresses. Empty: the "
               "system's choice, on loopback one for every 20,000 devices");
    table.integer("threads", options.threads, {1, 64}, "Threads that run devices");
    table.number("duration",
                 options.duration_s,
                 NumberRange{0, kMaxDurationS},
                 "Seconds to run; 0: until stopped");
    table.text("exit-when",
               options.exit_when,
               "End as soon as all devices are connected (connected) or so many replies were sent "
               "(replies:N); no progress is shown",
               check_exit_when);
    table.boolean(
        "report-states", options.report_states, "A line for every session that opens or closes");
    table.boolean(
        "allow-drops", options.allow_drops, "Sessions that end unexpectedly are no failure");
    table.number("longest-pause-s",
                 options.longest_pause_s,
                 NumberRange{0.1, 3600},
                 "Devices wait a random time up to one that doubles from 1 s to this before they "
                 "try again");
    table.text("journal",
               options.journal,
               "Folder in which the devices keep the last 1,024 executed ids each, and their "
               "replies: an id is executed once even when this process is killed");
    table.text("history",
               options.history,
               "File to append a JSON line to for every frame and every execution");
    table.text("json", options.json, "File for the report");
}

}  // namespace

void add_identity_keys(Table& table, RunOptions& options) {
    table.text("jwt-key",
               options.jwt_key,
               "Private key (PEM; EC P-256 or RSA) to make development tokens with");
    table.text("jwt-secret", options.jwt_secret, "File with the bytes of an HS256 secret instead");
    table.text("kid", options.kid, "Key id in the tokens");
    table.text("jwt-audience", options.jwt_audience, "aud of the tokens");
    table.text("jwt-issuer", options.jwt_issuer, "iss of the tokens");
    table.integer("jwt-lifetime-s",
                  options.jwt_lifetime_s,
                  IntegerRange{-86'400, 31'536'000},
                  "exp of the tokens, counted from now");
    table.text("credentials",
               options.credentials,
               "File with lines id<TAB>secret for HTTP Basic; the secrets are those that "
               "`device-mgmt credentials add` printed");
    table.text("client-cert",
               options.client_cert,
               "Client certificate (PEM) of all devices, or a folder of <id>.pem and <id>.key");
    table.text("client-key", options.client_key, "Its key, when it is in a file of its own");
    table.text("ca", options.ca, "Authorities (PEM) to check the server with; empty: the system's");
    table.boolean("insecure", options.insecure, "Believe any server; for tests");
    table.boolean("resume-tls",
                  options.resume_tls,
                  "Reconnect with the TLS session before, as good devices do");
}

void check_identity_keys(const RunOptions& options, settings::Checks& checks) {
    const int identities = static_cast<int>(!options.jwt_key.empty()) +
                           static_cast<int>(!options.jwt_secret.empty()) +
                           static_cast<int>(!options.credentials.empty());
    if (identities > 1) {
        checks.fail("jwt-key", "only one of jwt-key, jwt-secret and credentials is possible");
    }
    if (!options.client_key.empty() && options.client_cert.empty()) {
        checks.fail("client-key", "needs client-cert");
    }
}

tl::expected<void, settings::Exit> load(RunOptions& options, const settings::Sources& sources) {
    Table table{{"firmware-sim run",
                 "FIRMWARE_SIM_",
                 DM_VERSION,
                 "many devices in one process; exits 0 only if all of them got connected and none "
                 "was dropped unexpectedly"}};
    add_fleet_keys(table, options);
    add_identity_keys(table, options);
    add_run_keys(table, options);
    return table.load(sources, [&](settings::Checks& checks) {
        if (options.url.empty()) {
            checks.fail("url", "is required");
        }
        check_identity_keys(options, checks);
    });
}

std::uint64_t replies_to_wait_for(const std::string& exit_when) {
    if (exit_when.compare(0, kReplies.size(), kReplies) != 0) {
        return 0;
    }
    const char* end = exit_when.data() + exit_when.size();
    std::uint64_t count = 0;
    const auto [rest, error] = std::from_chars(exit_when.data() + kReplies.size(), end, count);
    return error == std::errc{} && rest == end ? count : 0;
}

}  // namespace dm::sim
