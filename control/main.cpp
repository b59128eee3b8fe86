#include "control/app.hpp"
#include "control/config.hpp"
#include "control/tokens/tokens_cli.hpp"
#include "device-mgmt/broker/openssl_exit.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/loop/signals.hpp"

#include <cstdio>
#include <exception>
#include <string_view>

namespace {

int serve(int argc, char** argv) {
    const dm::settings::Sources sources{{argv + 1, argv + argc}, dm::settings::read_environment()};
    const auto config = dm::control::load_config(sources);
    if (!config) {
        std::fputs(config.error().text.c_str(), config.error().code == 0 ? stdout : stderr);
        return config.error().code;
    }
    dm::log::configure(dm::log::parse_level(config->log.level).value(),
                       dm::log::parse_line_format(config->log.format).value());
    dm::loop::block_signals();
    const auto app = dm::control::App::start(*config, sources);
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
        if (argc > 1 && std::string_view(argv[1]) == "tokens") {
            return dm::auth::run(dm::control::tokens_command(), argc, argv);
        }
        return serve(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "control: %s\n", failure.what());
        return 1;
    }
}
