#include "device-mgmt/broker/openssl_exit.hpp"
#include "device-mgmt/settings/table.hpp"
#include "firmware-sim/callers/callers.hpp"
#include "firmware-sim/check/server_check.hpp"
#include "firmware-sim/load.hpp"
#include "firmware-sim/load_options.hpp"
#include "firmware-sim/run.hpp"
#include "firmware-sim/run_options.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace {

constexpr const char* kUsage =
    "firmware-sim " DM_VERSION
    ": simulated devices, and the operators that command them\n\n"
    "Usage: firmware-sim run  --url wss://host:port --devices N [--KEY VALUE]...\n"
    "       firmware-sim load --broker mqtt://host:port --commands N [--KEY VALUE]...\n"
    "       firmware-sim callers --url http://host:port --callers N [--KEY VALUE]...\n"
    "       firmware-sim check --url wss://host:port [--broker URL] [--KEY VALUE]...\n\n"
    "  run   holds many devices in one process\n"
    "  load  sends commands through the broker and matches the replies\n"
    "  callers sends commands over HTTP and matches the replies\n"
    "  check tests a server against the protocol and prints a table\n\n"
    "--help after one of these words lists its keys.\n";

using Program = int (*)(const dm::settings::Sources&);

template <class Options, int (*Execute)(const Options&)>
int program(const dm::settings::Sources& sources) {
    Options options;
    if (auto loaded = load(options, sources); !loaded) {
        const auto& exit = loaded.error();
        fmt::print(exit.code == 0 ? stdout : stderr, "{}", exit.text);
        return exit.code;
    }
    return Execute(options);
}

int usage(const std::string& word) {
    if (word == "--help" || word == "-h") {
        fmt::print("{}", kUsage);
        return dm::sim::kExitOk;
    }
    if (word == "--version") {
        fmt::print("firmware-sim {}\n", DM_VERSION);
        return dm::sim::kExitOk;
    }
    if (!word.empty()) {
        fmt::print(stderr, "firmware-sim: unknown command '{}'\n", word);
    }
    fmt::print(stderr, "{}", kUsage);
    return dm::sim::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
    dm::broker::keep_openssl_at_exit();
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const std::string word = arguments.empty() ? "" : arguments.front();
    Program selected = nullptr;
    if (word == "run") {
        selected = program<dm::sim::RunOptions, dm::sim::run>;
    } else if (word == "load") {
        selected = program<dm::sim::LoadOptions, dm::sim::run_load>;
    } else if (word == "callers") {
        selected = program<dm::sim::CallersOptions, dm::sim::run_callers>;
    } else if (word == "check") {
        selected = program<dm::sim::ServerCheckOptions, dm::sim::run_server_check>;
    } else {
        return usage(word);
    }
    arguments.erase(arguments.begin());
    try {
        return selected({std::move(arguments), dm::settings::read_environment()});
    } catch (const std::exception& error) {
        fmt::print(stderr, "firmware-sim: {}\n", error.what());
        return dm::sim::kExitFailed;
    }
}
