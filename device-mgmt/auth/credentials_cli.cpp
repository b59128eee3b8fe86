#include "device-mgmt/auth/credentials_cli.hpp"

#include "device-mgmt/auth/credentials.hpp"
#include "device-mgmt/settings/table.hpp"
#include "device-mgmt/settings/words.hpp"

#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dm::auth {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kUsage =
    "Usage: device-mgmt credentials add ID    --auth.credentials FILE   prints the secret, once\n"
    "       device-mgmt credentials remove ID --auth.credentials FILE\n"
    "       device-mgmt credentials list      --auth.credentials FILE\n"
    "\n"
    "The file may also come from DEVICE_MGMT_AUTH_CREDENTIALS or from --config. Adding an id "
    "again\n"
    "replaces its secret. A running server reads the file on SIGHUP.\n";

CliResult usage(const std::string& problem) {
    return {kWrongUsage, "", fmt::format("device-mgmt credentials: {}\n{}", problem, kUsage)};
}

CliResult failure(const std::string& problem) {
    return {kFailed, "", fmt::format("device-mgmt credentials: {}\n", problem)};
}

CliResult list(const std::string& file) {
    const auto devices = list_credentials(file);
    if (!devices) {
        return failure(devices.error());
    }
    CliResult result;
    for (const proto::DeviceId& device : *devices) {
        result.out += device.str() + '\n';
    }
    return result;
}

CliResult add(const std::string& file, const proto::DeviceId& device) {
    const auto secret = add_credential(file, device);
    return secret ? CliResult{0, *secret + '\n', ""} : failure(secret.error());
}

CliResult remove(const std::string& file, const proto::DeviceId& device) {
    const auto removed = remove_credential(file, device);
    return removed ? CliResult{} : failure(removed.error());
}

}  // namespace

CliResult run_credentials(const settings::Sources& sources) {
    settings::Sources rest = sources;
    for (const std::string& argument : rest.arguments) {
        if (argument == "-h" || argument == "--help") {
            return {0, kUsage, ""};
        }
    }
    const std::vector<std::string> words = settings::take_words(rest.arguments);
    std::string file;
    settings::Table table({"device-mgmt credentials", "DEVICE_MGMT_", DM_VERSION, ""});
    table.text("auth.credentials", file, "The file of HTTP Basic credentials.");
    table.allow_other_keys_in_file();
    if (const auto loaded = table.load(rest); !loaded) {
        const auto& [code, text] = loaded.error();
        return code == 0 ? CliResult{0, text, ""} : CliResult{code, "", text};
    }
    const std::string verb = words.empty() ? "" : words.front();
    const std::size_t expected = verb == "list" ? 1 : 2;
    if ((verb != "add" && verb != "remove" && verb != "list") || words.size() != expected) {
        return usage("expected add ID, remove ID or list");
    }
    if (file.empty()) {
        return usage("--auth.credentials FILE is missing");
    }
    if (verb == "list") {
        return list(file);
    }
    const auto device = proto::DeviceId::parse(words.back());
    if (!device) {
        return usage(fmt::format("'{}' is no device id: {}", words.back(), what(device.error())));
    }
    return verb == "add" ? add(file, *device) : remove(file, *device);
}

int run_credentials(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
    const CliResult result = run_credentials({arguments, settings::read_environment()});
    std::fputs(result.out.c_str(), stdout);
    std::fputs(result.err.c_str(), stderr);
    return result.code;
}

}  // namespace dm::auth
