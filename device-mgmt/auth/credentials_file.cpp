#include "device-mgmt/auth/credentials_file.hpp"

#include "device-mgmt/auth/secret_lines.hpp"

#include <utility>

namespace dm::auth {

namespace {

tl::expected<Credential, std::string> parse(const SecretFields& fields) {
    const auto device = proto::DeviceId::parse(fields[0]);
    if (!device || !fits_basic(*device)) {
        return tl::unexpected(std::string{"the id is no device id without ':'"});
    }
    const auto salt = from_hex(fields[1]);
    if (!salt || salt->empty() || salt->size() > kMaxSaltBytes) {
        return tl::unexpected(std::string{"the salt is not lower-case hex"});
    }
    const auto hash = parse_hash(fields[2]);
    if (!hash) {
        return tl::unexpected(hash.error());
    }
    return Credential{*device, *salt, *hash};
}

}  // namespace

bool fits_basic(const proto::DeviceId& device) {
    return device.str().find(':') == std::string::npos;
}

tl::expected<std::vector<Credential>, std::string> parse_credentials(std::string_view text) {
    std::vector<Credential> credentials;
    const auto read =
        read_secret_lines(text,
                          "id<TAB>salt<TAB>sha256",
                          [&](const SecretFields& fields) -> tl::expected<void, std::string> {
                              auto credential = parse(fields);
                              if (!credential) {
                                  return tl::unexpected(std::move(credential.error()));
                              }
                              credentials.push_back(std::move(*credential));
                              return {};
                          });
    if (!read) {
        return tl::unexpected(read.error());
    }
    return credentials;
}

std::string to_line(const Credential& credential) {
    return secret_line(credential.device.str(), to_hex(credential.salt), credential.hash);
}

}  // namespace dm::auth
