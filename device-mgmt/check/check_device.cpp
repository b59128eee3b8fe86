#include "device-mgmt/check/check_device.hpp"

#include "device-mgmt/check/check_options.hpp"
#include "device-mgmt/check/command_checks.hpp"
#include "device-mgmt/check/device_check.hpp"
#include "device-mgmt/check/session_checks.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace dm::check {
namespace {

constexpr int kFailed = 1;
constexpr std::chrono::seconds kGoodbye{5};

void say(const std::string& text) {
    std::fputs(("device-mgmt check-device: " + text + "\n").c_str(), stderr);
}

void run_scenarios(DeviceCheck& check) {
    if (!check_connect(check)) {
        return;
    }
    if (check_commands(check)) {
        check_sessions(check);
    }
    check_frames(check);
    check.peer().close(proto::CloseCode::normal, word(proto::CloseCode::normal));
    check.wait([&] { return !check.peer().is_open(); }, kGoodbye);
}

}  // namespace

int run_check_device(const settings::Sources& sources) {
    const auto options = load_check_options(sources);
    if (!options) {
        std::fputs(options.error().text.c_str(), options.error().code == 0 ? stdout : stderr);
        return options.error().code;
    }
    const auto check = DeviceCheck::make(*options);
    if (!check) {
        say(check.error());
        return kFailed;
    }
    say(fmt::format("waiting for the device at {}://{}:{}/v1/device",
                    options->tls ? "wss" : "ws",
                    options->address,
                    (*check)->port()));
    run_scenarios(**check);
    const CheckTable& table = (*check)->table();
    std::fputs(("\n" + table.text()).c_str(), stdout);
    if (!options->json.empty()) {
        if (const auto problem = write_file(options->json, table.json()); !problem.empty()) {
            say(problem);
            return kFailed;
        }
    }
    return table.good() ? 0 : kFailed;
}

}  // namespace dm::check
