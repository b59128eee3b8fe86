#include "device-mgmt/app.hpp"
#include "device-mgmt/auth/credentials_cli.hpp"
#include "device-mgmt/config.hpp"
#include "device-mgmt/log/log.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

namespace {

/// Signals are waited for by main; every thread that starts later inherits this.
void block_signals() {
    sigset_t blocked{};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

int serve(int argc, char** argv) {
    const dm::settings::Sources sources{{argv + 1, argv + argc}, dm::settings::read_environment()};
    const auto config = dm::load_config(sources);
    if (!config) {
        std::fputs(config.error().text.c_str(), config.error().code == 0 ? stdout : stderr);
        return config.error().code;
    }
    dm::log::configure(dm::log::parse_level(config->log.level).value(),
                       dm::log::parse_line_format(config->log.format).value());
    block_signals();
    const auto app = dm::App::start(*config, sources);
    if (!app) {
        dm::log::error("not_started", {{"why", app.error()}});
        return 1;
    }
    return (*app)->run();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc > 1 && std::string_view(argv[1]) == "credentials") {
            return dm::auth::run_credentials(argc, argv);
        }
        return serve(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "device-mgmt: %s\n", failure.what());
        return 1;
    }
}
