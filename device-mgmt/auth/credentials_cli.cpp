#include "device-mgmt/auth/credentials_cli.hpp"

#include "device-mgmt/auth/credentials.hpp"

#include <fmt/format.h>

namespace dm::auth {

namespace {

constexpr const char* kUsage =
    "Usage: device-mgmt credentials add ID    --auth.credentials FILE   prints the secret, once\n"
    "       device-mgmt credentials remove ID --auth.credentials FILE\n"
    "       device-mgmt credentials list      --auth.credentials FILE\n"
    "\n"
    "The file may also come from DEVICE_MGMT_AUTH_CREDENTIALS or from --config. Adding an id "
    "again\n"
    "replaces its secret. A running server notices the change by itself.\n";

tl::expected<proto::DeviceId, CliProblem> parse_device(const std::string& id) {
    const auto device = proto::DeviceId::parse(id);
    if (!device) {
        return tl::unexpected(
            CliProblem{fmt::format("'{}' is no device id: {}", id, what(device.error())), true});
    }
    return *device;
}

CliAnswer add(const std::string& file, const std::string& id) {
    const auto device = parse_device(id);
    if (!device) {
        return tl::unexpected(device.error());
    }
    const auto secret = add_credential(file, *device);
    if (!secret) {
        return tl::unexpected(CliProblem{secret.error()});
    }
    return *secret + '\n';
}

CliAnswer remove(const std::string& file, const std::string& id) {
    const auto device = parse_device(id);
    if (!device) {
        return tl::unexpected(device.error());
    }
    if (const auto removed = remove_credential(file, *device); !removed) {
        return tl::unexpected(CliProblem{removed.error()});
    }
    return std::string{};
}

CliAnswer list(const std::string& file) {
    const auto devices = list_credentials(file);
    if (!devices) {
        return tl::unexpected(CliProblem{devices.error()});
    }
    std::string text;
    for (const proto::DeviceId& device : *devices) {
        text += device.str() + '\n';
    }
    return text;
}

}  // namespace

SecretsCommand credentials_command() {
    return {"device-mgmt credentials",
            "DEVICE_MGMT_",
            "auth.credentials",
            "ID",
            kUsage,
            {},
            add,
            remove,
            list};
}

}  // namespace dm::auth
