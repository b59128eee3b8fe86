#include "device-mgmt/health_cli.hpp"

#include "device-mgmt/config.hpp"
#include "device-mgmt/config_rules.hpp"
#include "device-mgmt/http/http_status.hpp"
#include "device-mgmt/settings/table.hpp"

#include <chrono>
#include <cstdio>
#include <string>

namespace dm {
namespace {

/// Below the five seconds after which supervisors give up on such a probe.
constexpr std::chrono::milliseconds kPatience{4000};
constexpr int kHealthy = 200;

/// Where a server that listens on every address can be asked on its own machine.
std::string reachable(const std::string& address) {
    if (address == "0.0.0.0") {
        return "127.0.0.1";
    }
    return address == "::" ? "::1" : address;
}

}  // namespace

int run_health(const settings::Sources& sources) {
    Config::Ops ops;
    settings::Table table({"device-mgmt health",
                           "DEVICE_MGMT_",
                           DM_VERSION,
                           "Asks a running server for /livez; exits 0 if it answers 200."});
    table.text("ops.address",
               ops.address,
               "IP address of the operations endpoint of the server.",
               rules::ip_address);
    table.integer("ops.port", ops.port, {1, 65535}, "Its port.");
    table.allow_other_keys_in_file();
    if (const auto loaded = table.load(sources); !loaded) {
        std::fputs(loaded.error().text.c_str(), loaded.error().code == 0 ? stdout : stderr);
        return loaded.error().code;
    }
    const auto status = http::http_status(reachable(ops.address), ops.port, "/livez", kPatience);
    if (!status) {
        std::fprintf(stderr, "device-mgmt health: %s\n", status.error().c_str());
        return 1;
    }
    std::printf("/livez answers %d\n", *status);
    return *status == kHealthy ? 0 : 1;
}

}  // namespace dm
