#include "device-mgmt/auth/credentials.hpp"

#include "device-mgmt/auth/base64.hpp"
#include "device-mgmt/auth/credentials_file.hpp"
#include "device-mgmt/files/read_file.hpp"
#include "device-mgmt/files/update_file.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace dm::auth {

namespace {

using Credentials = std::vector<Credential>;

constexpr std::size_t kSecretBytes = 32;

tl::expected<Credentials, std::string> read_credentials(const std::string& path) {
    const auto text = files::read_file(path, kMaxCredentialsBytes);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto credentials = parse_credentials(*text);
    if (!credentials) {
        return tl::unexpected(fmt::format("{}: {}", path, credentials.error()));
    }
    return credentials;
}

tl::expected<void, std::string> change_file(
    const std::string& file,
    bool may_be_new,
    const std::function<tl::expected<void, std::string>(Credentials&)>& change) {
    return files::update_file(
        file,
        may_be_new,
        kMaxCredentialsBytes,
        [&](std::string_view old) -> tl::expected<std::string, std::string> {
            auto credentials = parse_credentials(old);
            if (!credentials) {
                return tl::unexpected(fmt::format("{}: {}", file, credentials.error()));
            }
            if (auto changed = change(*credentials); !changed) {
                return tl::unexpected(changed.error());
            }
            std::string text;
            for (const Credential& credential : *credentials) {
                text += to_line(credential);
            }
            return text;
        });
}

auto same_device(const proto::DeviceId& device) {
    return [&device](const Credential& credential) { return credential.device == device; };
}

}  // namespace

tl::expected<std::string, std::string> add_credential(const std::string& file,
                                                      const proto::DeviceId& device) {
    if (!fits_basic(device)) {
        return tl::unexpected(
            fmt::format("{}: an id with ':' cannot log in with HTTP Basic", device.str()));
    }
    std::string secret = encode_base64url(random_octets(kSecretBytes));
    const std::string salt = random_octets(kSaltBytes);
    const Credential added{device, salt, sha256(salt, secret)};
    const auto changed =
        change_file(file, true, [&](Credentials& credentials) -> tl::expected<void, std::string> {
            const auto old =
                std::find_if(credentials.begin(), credentials.end(), same_device(device));
            if (old == credentials.end()) {
                credentials.push_back(added);
            } else {
                *old = added;
            }
            return {};
        });
    if (!changed) {
        return tl::unexpected(changed.error());
    }
    return secret;
}

tl::expected<void, std::string> remove_credential(const std::string& file,
                                                  const proto::DeviceId& device) {
    return change_file(
        file, false, [&](Credentials& credentials) -> tl::expected<void, std::string> {
            const auto old =
                std::find_if(credentials.begin(), credentials.end(), same_device(device));
            if (old == credentials.end()) {
                return tl::unexpected(fmt::format("{}: has no {}", file, device.str()));
            }
            credentials.erase(old);
            return {};
        });
}

tl::expected<std::vector<proto::DeviceId>, std::string> list_credentials(const std::string& file) {
    const auto credentials = read_credentials(file);
    if (!credentials) {
        return tl::unexpected(credentials.error());
    }
    std::vector<proto::DeviceId> devices;
    devices.reserve(credentials->size());
    for (const Credential& credential : *credentials) {
        devices.push_back(credential.device);
    }
    return devices;
}

}  // namespace dm::auth
