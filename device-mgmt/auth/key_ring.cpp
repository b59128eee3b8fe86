#include "device-mgmt/auth/key_ring.hpp"

#include "device-mgmt/files/read_file.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dm::auth {

namespace {

tl::expected<void, std::string> load_credentials(KeyRing::Data& data) {
    const std::string& path = data.settings.credentials;
    const auto text = files::read_file(path, kMaxCredentialsBytes);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto credentials = parse_credentials(*text);
    if (!credentials) {
        return tl::unexpected(fmt::format("{}: {}", path, credentials.error()));
    }
    for (Credential& credential : *credentials) {
        std::string id = credential.device.str();
        data.credentials.emplace(std::move(id), std::move(credential));
    }
    return {};
}

}  // namespace

const VerifyKey* KeyRing::Data::find_key(const std::optional<proto::Name>& kid) const {
    if (!kid) {
        return keys.size() == 1 ? &keys.begin()->second : nullptr;
    }
    const auto found = keys.find(kid->str());
    return found == keys.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> KeyRing::Data::knows(std::string_view id,
                                                  std::string_view secret) const {
    static const std::string no_salt(kSaltBytes, '\0');
    static const Sha256 no_hash{};
    const auto found = credentials.find(std::string{id});
    const bool known = found != credentials.end();
    const Sha256 hash = sha256(known ? found->second.salt : no_salt, secret);
    const bool equal = equal_in_constant_time(hash, known ? found->second.hash : no_hash);
    return known && equal ? std::optional(short_form(hash)) : std::nullopt;
}

bool KeyRing::still_proves(Method method,
                           std::uint64_t proof,
                           const proto::DeviceId& device) const {
    switch (method) {
        case Method::certificate:
            return data_->settings.mtls;
        case Method::token:
            return std::any_of(data_->keys.begin(), data_->keys.end(), [&](const auto& entry) {
                return entry.second.fingerprint() == proof;
            });
        case Method::basic:
            break;
    }
    const auto found = data_->credentials.find(device.str());
    return found != data_->credentials.end() && short_form(found->second.hash) == proof;
}

KeyRing::KeyRing(std::unique_ptr<Data> data) : data_(std::move(data)) {}

KeyRing::~KeyRing() = default;

tl::expected<std::shared_ptr<const KeyRing>, std::string> KeyRing::load(
    const AuthSettings& settings) {
    auto data = std::make_unique<Data>();
    data->settings = settings;
    std::string problems;
    if (!settings.jwt_keys.empty()) {
        if (auto keys = load_key_folder(settings.jwt_keys)) {
            data->keys = std::move(*keys);
        } else {
            problems = keys.error();
        }
    }
    if (!settings.credentials.empty()) {
        if (const auto loaded = load_credentials(*data); !loaded) {
            problems += problems.empty() ? "" : "\n";
            problems += loaded.error();
        }
    }
    if (!problems.empty()) {
        return tl::unexpected(problems);
    }
    return std::shared_ptr<const KeyRing>(new KeyRing(std::move(data)));
}

}  // namespace dm::auth
