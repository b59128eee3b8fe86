#include "device-mgmt/config.hpp"

#include "device-mgmt/config_keys.hpp"
#include "device-mgmt/config_rules.hpp"

#include <filesystem>
#include <utility>

namespace dm {

namespace {

constexpr std::chrono::seconds kDeadlineAfterSpread{30};

void fill_in(Config& config) {
    if (config.node.name.empty()) {
        config.node.name = settings::host_name();
    }
}

}  // namespace

tl::expected<Config, settings::Exit> load_config(const settings::Sources& sources) {
    Config config;
    settings::Table table({"device-mgmt",
                           "DEVICE_MGMT_",
                           DM_VERSION,
                           "WebSocket sessions of devices, commands and replies over MQTT.\n\n"
                           "`device-mgmt credentials --help` is about making credentials,\n"
                           "`device-mgmt health --help` about asking a running server how it is,\n"
                           "`device-mgmt check-device --help` about checking a device,\n"
                           "`device-mgmt store --help` about copying and checking the store."});
    add_keys(table, config);
    const auto loaded = table.load(sources, [&](settings::Checks& checks) {
        fill_in(config);
        rules::check_all(config, checks);
    });
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (config.drain.deadline.count() == 0) {
        config.drain.deadline = config.drain.spread + kDeadlineAfterSpread;
    }
    if (config.store.ingress.empty()) {
        config.store.ingress =
            std::filesystem::path(config.store.sqlite).replace_filename("ingress").string();
    }
    return config;
}

}  // namespace dm
