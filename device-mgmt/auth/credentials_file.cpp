#include "device-mgmt/auth/credentials_file.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace dm::auth {

namespace {

tl::expected<Credential, std::string> parse_line(std::string_view line) {
    const std::size_t first = line.find('\t');
    const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    if (second == std::string_view::npos) {
        return tl::unexpected(std::string{"must be id<TAB>salt<TAB>sha256"});
    }
    const auto device = proto::DeviceId::parse(line.substr(0, first));
    if (!device || !fits_basic(*device)) {
        return tl::unexpected(std::string{"the id is no device id without ':'"});
    }
    const auto salt = from_hex(line.substr(first + 1, second - first - 1));
    if (!salt || salt->empty() || salt->size() > kMaxSaltBytes) {
        return tl::unexpected(std::string{"the salt is not lower-case hex"});
    }
    const auto hash = from_hex(line.substr(second + 1));
    Credential credential{*device, *salt, {}};
    if (!hash || hash->size() != credential.hash.size()) {
        return tl::unexpected(std::string{"the hash is not 64 digits of lower-case hex"});
    }
    std::copy(hash->begin(), hash->end(), credential.hash.begin());
    return credential;
}

}  // namespace

bool fits_basic(const proto::DeviceId& device) {
    return device.str().find(':') == std::string::npos;
}

tl::expected<std::vector<Credential>, std::string> parse_credentials(std::string_view text) {
    std::vector<Credential> credentials;
    std::set<std::string> seen;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty() || line.front() == '#') {
            continue;
        }
        auto credential = parse_line(line);
        if (!credential) {
            return tl::unexpected(fmt::format("line {}: {}", number, credential.error()));
        }
        if (!seen.insert(credential->device.str()).second) {
            return tl::unexpected(
                fmt::format("line {}: {} is there twice", number, credential->device.str()));
        }
        credentials.push_back(std::move(*credential));
    }
    return credentials;
}

std::string to_line(const Credential& credential) {
    const std::string hash(credential.hash.begin(), credential.hash.end());
    return fmt::format(
        "{}\t{}\t{}\n", credential.device.str(), to_hex(credential.salt), to_hex(hash));
}

}  // namespace dm::auth
