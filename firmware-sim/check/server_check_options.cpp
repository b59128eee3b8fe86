#include "firmware-sim/check/server_check_options.hpp"

#include "firmware-sim/target.hpp"
#include "protocol/ids.hpp"

#include <optional>

namespace dm::sim {
namespace {

using settings::NumberRange;

std::optional<std::string> check_url(const std::string& url) {
    const auto target = parse_target(url);
    return target ? std::nullopt : std::optional{target.error()};
}

std::optional<std::string> check_device(const std::string& device) {
    return proto::DeviceId::parse(device) ? std::nullopt
                                          : std::optional<std::string>{"must be a device id"};
}

}  // namespace

tl::expected<void, settings::Exit> load(ServerCheckOptions& options,
                                        const settings::Sources& sources) {
    settings::Table table{{"firmware-sim check",
                           "FIRMWARE_SIM_",
                           DM_VERSION,
                           "checks a server against docs/protocol.md as a device that breaks every "
                           "rule once, prints a table, and exits 0 only if nothing failed"}};
    table.text(
        "url", options.identity.url, "Server: wss://host:port[/v1/device], or ws://", check_url);
    table.text("device",
               options.device,
               "Device id to use: one that no real device has, because its sessions are taken over",
               check_device);
    add_identity_keys(table, options.identity);
    table.text(
        "broker",
        options.broker.broker,
        "mqtt://host:port or mqtts://host:port, to see commands and replies; empty: skipped");
    table.text("broker-prefix", options.broker.broker_prefix, "First level of all topics");
    table.text("username", options.broker.username, "User name at the broker");
    table.secret("password", options.broker.password, "Password at the broker");
    table.text("broker-ca", options.broker.ca, "Authorities (PEM) for mqtts; empty: the system's");
    table.number("patience",
                 options.patience_s,
                 NumberRange{0.1, 300},
                 "Seconds to wait for what a server does at once");
    table.number("silence",
                 options.silence_s,
                 NumberRange{0, 7200},
                 "Seconds to wait for a silent session to be closed; 0: skipped");
    table.text("json", options.json, "File for the result");
    return table.load(sources, [&](settings::Checks& checks) {
        if (options.identity.url.empty()) {
            checks.fail("url", "is required");
        }
        check_identity_keys(options.identity, checks);
    });
}

}  // namespace dm::sim
