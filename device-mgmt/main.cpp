#include "device-mgmt/app.hpp"
#include "device-mgmt/auth/credentials_cli.hpp"
#include "device-mgmt/broker/openssl_exit.hpp"
#include "device-mgmt/check/check_device.hpp"
#include "device-mgmt/config.hpp"
#include "device-mgmt/health_cli.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/loop/signals.hpp"
#include "device-mgmt/store/store_cli.hpp"

#include <cstdio>
#include <exception>
#include <string_view>

namespace {

int serve(int argc, char** argv) {
    const dm::settings::Sources sources{{argv + 1, argv + argc}, dm::settings::read_environment()};
    const auto config = dm::load_config(sources);
    if (!config) {
        std::fputs(config.error().text.c_str(), config.error().code == 0 ? stdout : stderr);
        return config.error().code;
    }
    dm::log::configure(dm::log::parse_level(config->log.level).value(),
                       dm::log::parse_line_format(config->log.format).value());
    dm::loop::block_signals();
    const auto app = dm::App::start(*config, sources);
    if (!app) {
        dm::log::error("not_started", {{"why", app.error()}});
        return 1;
    }
    return (*app)->run();
}

}  // namespace

int main(int argc, char** argv) {
    dm::broker::keep_openssl_at_exit();
    try {
        const std::string_view word = argc > 1 ? argv[1] : "";
        if (word == "credentials") {
            return dm::auth::run(dm::auth::credentials_command(), argc, argv);
        }
        if (word == "health") {
            return dm::run_health({{argv + 2, argv + argc}, dm::settings::read_environment()});
        }
        if (word == "check-device") {
            return dm::check::run_check_device(
                {{argv + 2, argv + argc}, dm::settings::read_environment()});
        }
        if (word == "store") {
            return dm::store::run_store(argc, argv);
        }
        return serve(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "device-mgmt: %s\n", failure.what());
        return 1;
    }
}
