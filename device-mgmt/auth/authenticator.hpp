#pragma once

#include "device-mgmt/auth/identity.hpp"
#include "protocol/time.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::auth {

struct AuthSettings {
    bool mtls = false;
    std::string client_ca;     ///< PEM file
    std::string jwt_keys;      ///< folder of <kid>.pem and <kid>.secret; empty: no tokens
    std::string jwt_audience;  ///< empty: not checked
    std::string jwt_issuer;    ///< empty: not checked
    std::string credentials;   ///< file of `id<TAB>salt<TAB>sha256`; empty: no Basic
};

/// Keys and credentials as read from disk: immutable, shared by all shards, replaced as a whole on
/// reload. Loading reports every bad file, with its path.
class KeyRing {
public:
    [[nodiscard]] static tl::expected<std::shared_ptr<const KeyRing>, std::string> load(
        const AuthSettings& settings);

    ~KeyRing();
    KeyRing(const KeyRing&) = delete;
    KeyRing& operator=(const KeyRing&) = delete;

    /// Whether the key or credential that once proved `device` is still here: after a reload a
    /// session whose proof is gone must end.
    [[nodiscard]] bool still_proves(Method method,
                                    std::uint64_t proof,
                                    const proto::DeviceId& device) const;

    struct Data;

    [[nodiscard]] const Data& data() const { return *data_; }

private:
    explicit KeyRing(std::unique_ptr<Data> data);

    std::unique_ptr<Data> data_;
};

/// What an upgrade request presents. Views live during the call.
struct Presented {
    std::optional<std::string_view> certificate_cn;
    std::optional<std::string_view> authorization;  ///< the header's value
    std::string_view query;                         ///< `access_token=` / `auth_header=`
};

/// Checks identities. One per shard, on its thread: it holds that shard's cache of verified tokens
/// (SHA-256 of the token → identity until `exp`; at most kMaxCachedTokens, then the cache is
/// emptied).
class Authenticator {
public:
    static constexpr std::size_t kMaxCachedTokens = 16384;
    static constexpr std::chrono::seconds kClockSkew{60};

    explicit Authenticator(std::shared_ptr<const KeyRing> keys);
    ~Authenticator();
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;

    /// The identity presented; several must agree on the device.
    [[nodiscard]] tl::expected<Identity, AuthProblem> check(const Presented& presented,
                                                            proto::WallTime now);

    /// One token, e.g. for in-band renewal.
    [[nodiscard]] tl::expected<Identity, AuthProblem> check_token(std::string_view jwt,
                                                                  proto::WallTime now);

    /// Replaces the keys and forgets every cached token.
    void replace_keys(std::shared_ptr<const KeyRing> keys);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::auth
