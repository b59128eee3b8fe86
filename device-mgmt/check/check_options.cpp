#include "device-mgmt/check/check_options.hpp"

#include "device-mgmt/settings/table.hpp"
#include "protocol/ids.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/json_reader.hpp"

#include <optional>

#include <fmt/format.h>

namespace dm::check {
namespace {

constexpr const char* kAbout =
    "Checks a device against docs/protocol.md: listens as a server would, waits for the device,\n"
    "prints a table of what it does right and wrong, and exits 0 only if nothing failed. The "
    "device\n"
    "needs nothing but this URL and its usual credentials.";

std::optional<std::string> check_device_id(const std::string& text) {
    if (text.empty() || proto::DeviceId::parse(text)) {
        return std::nullopt;
    }
    return "must be a device id, or empty";
}

std::optional<std::string> check_args(const std::string& text) {
    return proto::read_object(text) ? std::nullopt
                                    : std::optional<std::string>{"must be a JSON object"};
}

void add_listen(settings::Table& table, CheckOptions& options) {
    table.text("listen.address", options.address, "IP address for the device.");
    table.integer("listen.port", options.port, {0, 65535}, "Port. 0: the kernel picks one.");
    table.boolean("listen.tls", options.tls, "False: ws:// instead of wss://.");
    table.text("listen.cert", options.cert, "PEM file with the certificate first, then the chain.");
    table.text("listen.key", options.key, "PEM file with its private key.");
    table.boolean("auth.mtls", options.auth.mtls, "Ask for a client certificate.");
    table.text("auth.client_ca", options.auth.client_ca, "Who signs client certificates.");
    table.text("auth.jwt_keys", options.auth.jwt_keys, "Folder with the keys of tokens.");
    table.text("auth.jwt_audience", options.auth.jwt_audience, "What aud must contain.");
    table.text("auth.jwt_issuer", options.auth.jwt_issuer, "What iss must be.");
    table.text("auth.credentials", options.auth.credentials, "File of HTTP Basic credentials.");
}

void add_check(settings::Table& table, CheckOptions& options) {
    table.text("check.device",
               options.device,
               "Id of the device under test; others are refused. Empty: the first that comes.",
               check_device_id);
    table.text("check.command",
               options.command,
               "A command that the device knows, may execute a hundred times, and answers in "
               "the same way each time it is given the same id.");
    table.text("check.args", options.args, "Its arguments, a JSON object.", check_args);
    table.seconds("check.wait_s", options.wait, {1, 86400}, "Patience for the first connection.");
    table.seconds("check.reply_s", options.reply, {1, 300}, "Patience for a reply.");
    table.seconds("check.heartbeat_s",
                  options.heartbeat,
                  {1, 3600},
                  "The heartbeat_s that `welcome` tells; a shorter one makes the check shorter.");
    table.seconds("check.retry_s",
                  options.retry,
                  {1, 60},
                  "How long the device is told to stay away, by each of the ways to tell it.");
    table.seconds("check.token_s",
                  options.token,
                  {1, 3600},
                  "How soon the token of a device is said to end, to see it renewed.");
    table.text("check.json", options.json, "File for the result as JSON.");
}

void check_together(const CheckOptions& options, settings::Checks& checks) {
    if (options.tls && options.cert.empty()) {
        checks.fail("listen.cert", "is required, unless listen.tls is false");
    }
    if (options.tls && options.key.empty()) {
        checks.fail("listen.key", "is required, unless listen.tls is false");
    }
    const auto& auth = options.auth;
    if (auth.jwt_keys.empty() && auth.credentials.empty() && !auth.mtls) {
        checks.fail("auth.jwt_keys", "or auth.credentials or auth.mtls is required");
    }
    if (auth.mtls && auth.client_ca.empty()) {
        checks.fail("auth.client_ca", "is required for auth.mtls");
    }
}

}  // namespace

tl::expected<CheckOptions, settings::Exit> load_check_options(const settings::Sources& sources) {
    CheckOptions options;
    settings::Table table({"device-mgmt check-device", "DEVICE_MGMT_", DM_VERSION, kAbout});
    add_listen(table, options);
    add_check(table, options);
    table.allow_other_keys_in_file();
    auto loaded =
        table.load(sources, [&](settings::Checks& checks) { check_together(options, checks); });
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    return options;
}

}  // namespace dm::check
