#include "firmware-sim/load_options.hpp"

#include "firmware-sim/json_text.hpp"
#include "firmware-sim/rate.hpp"
#include "protocol/ids.hpp"

#include <optional>

namespace dm::sim {
namespace {

using settings::IntegerRange;
using settings::NumberRange;
using settings::Table;

constexpr std::int64_t kMaxDevices = 1'000'000;
constexpr std::int64_t kMaxCommands = 1'000'000'000;
constexpr double kMaxSeconds = 31'536'000;

std::optional<std::string> check_rate(const std::string& rate) {
    return parse_rate(rate) ? std::nullopt
                            : std::optional<std::string>{"must be a rate such as 500/s"};
}

/// Ids are `<name>-<number>` and at most 64 characters; the name is also a level of a topic.
std::optional<std::string> check_name(const std::string& name) {
    constexpr std::size_t kMaxLength = 40;
    const bool good = name.empty() || (name.size() <= kMaxLength && proto::Name::parse(name));
    return good ? std::nullopt
                : std::optional<std::string>{"must be up to 40 letters, digits, '.', '_' or '-'"};
}

std::optional<std::string> check_args(const std::string& args) {
    return is_json_object(args) ? std::nullopt
                                : std::optional<std::string>{"must be a JSON object"};
}

void add_broker_keys(Table& table, LoadOptions& options) {
    table.text("broker", options.broker, "mqtt://host:port or mqtts://host:port");
    table.text("broker-prefix", options.broker_prefix, "First level of all topics");
    table.text("username", options.username, "User name at the broker");
    table.secret("password", options.password, "Password at the broker");
    table.text("ca", options.ca, "Authorities (PEM) for mqtts; empty: the system's");
}

void add_pace_keys(Table& table, LoadOptions& options) {
    table.text("rate", options.rate, "Commands per second; 0: as the window allows", check_rate);
    table.number("duration", options.duration_s, NumberRange{0, kMaxSeconds}, "Seconds to send");
    table.integer("commands", options.commands, {0, kMaxCommands}, "Commands to send");
    table.integer("window",
                  options.window,
                  {0, 1'000'000},
                  "Unanswered commands at most; 0: 64, with a rate 20,000");
}

void add_command_keys(Table& table, LoadOptions& options) {
    table.integer("devices", options.devices, {1, kMaxDevices}, "Devices, in turn");
    table.text("prefix", options.prefix, "Device ids are this and five digits");
    table.integer("first", options.first, {0, kMaxDevices * 100}, "Number of the first device");
    table.text("command", options.command, "Name of the command");
    table.text("args", options.args, "Its arguments, a JSON object", check_args);
    table.integer("timeout-s", options.timeout_s, IntegerRange{1, 300}, "timeout_s");
    table.integer("ttl-s", options.ttl_s, IntegerRange{0, 172'800}, "ttl_s");
    table.text("name",
               options.name,
               "Command ids are this and a number; empty: a name of its own for every run",
               check_name);
    table.boolean("response-topic",
                  options.response_topic,
                  "Ask for the replies on a Response Topic instead of reading the common one");
    table.boolean("report-states",
                  options.report_states,
                  "Ask for the states on the Response Topic too; implies response-topic");
}

void add_expectation_keys(Table& table, LoadOptions& options) {
    table.boolean("repeat-until-accepted",
                  options.repeat_until_accepted,
                  "Send a command again, with its id, until it is accepted; after the broker lost "
                  "our session, until it has ended");
    table.number("repeat-after-s", options.repeat_after_s, NumberRange{0.1, 300}, "After so long");
    table.integer("triple-every",
                  options.triple_every,
                  {0, kMaxCommands},
                  "Every so many commands one is published three times in a row; 0: none");
    table.number("grace-s",
                 options.grace_s,
                 NumberRange{0, 3600},
                 "A command without an outcome is lost after ttl-s, timeout-s and this");
    table.number("linger-s",
                 options.linger_s,
                 NumberRange{0, 3600},
                 "Look out for second outcomes after the last command's end");
    table.boolean("allow-rejected", options.allow_rejected, "Rejections are no failure");
    table.boolean("allow-unanswered",
                  options.allow_unanswered,
                  "timed_out, expired and cancelled are no failure");
    table.boolean("allow-failed", options.allow_failed, "failed is no failure: it is an answer");
    table.text("history",
               options.history,
               "File to append a JSON line to for every publish and every message");
    table.text("json", options.json, "File for the report");
}

void check(const LoadOptions& options, settings::Checks& checks) {
    if (options.broker.empty()) {
        checks.fail("broker", "is required");
    }
    if (options.commands == 0 && options.duration_s <= 0) {
        checks.fail("commands", "or duration is required", {"duration"});
    }
}

}  // namespace

tl::expected<void, settings::Exit> load(LoadOptions& options, const settings::Sources& sources) {
    Table table{{"firmware-sim load",
                 "FIRMWARE_SIM_",
                 DM_VERSION,
                 "an operator over MQTT; exits 0 only if every command got exactly one outcome"}};
    add_broker_keys(table, options);
    add_pace_keys(table, options);
    add_command_keys(table, options);
    add_expectation_keys(table, options);
    return table.load(sources, [&](settings::Checks& checks) { check(options, checks); });
}

}  // namespace dm::sim
