#include "device-mgmt/auth/authenticator.hpp"

#include "device-mgmt/auth/claims.hpp"
#include "device-mgmt/auth/key_ring.hpp"
#include "device-mgmt/auth/presented.hpp"
#include "device-mgmt/auth/token_cache.hpp"
#include "device-mgmt/auth/token_parts.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace dm::auth {

namespace {

using Checked = tl::expected<Identity, AuthProblem>;

/// Several identities of one request as one. A token counts most: it carries groups and an end, and
/// whoever presents it accepts both. Of two tokens the earlier end counts.
Checked unite(std::vector<Identity> identities) {
    Identity united = identities.front();
    for (Identity& identity : identities) {
        if (identity.device != united.device) {
            return tl::unexpected(AuthProblem::disagreement);
        }
        if (identity.method != Method::token) {
            continue;
        }
        if (united.method != Method::token || identity.expires_at < united.expires_at) {
            united = std::move(identity);
        }
    }
    return united;
}

}  // namespace

class Authenticator::Impl {
public:
    explicit Impl(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

    Checked check(const Presented& presented, proto::WallTime now) {
        const auto evidence = take_apart(presented);
        if (!evidence) {
            return tl::unexpected(evidence.error());
        }
        if (evidence->empty()) {
            return tl::unexpected(AuthProblem::missing);
        }
        std::vector<Checked> results;
        if (evidence->certificate_cn) {
            results.push_back(check_certificate(*evidence->certificate_cn));
        }
        for (const std::string& token : evidence->tokens) {
            results.push_back(check_token(token, now));
        }
        if (evidence->basic) {
            results.push_back(check_basic(*evidence->basic));
        }
        std::vector<Identity> identities;
        for (Checked& result : results) {
            if (!result) {
                return result;
            }
            identities.push_back(std::move(*result));
        }
        return unite(std::move(identities));
    }

    Checked check_token(std::string_view token, proto::WallTime now) {
        if (data().keys.empty()) {
            return tl::unexpected(AuthProblem::method_disabled);
        }
        if (token.size() > kMaxTokenBytes) {
            return tl::unexpected(AuthProblem::malformed);
        }
        const Sha256 hash = sha256(token);
        if (const Claims* known = cache_.find(hash)) {
            return identity_of(*known, hash, now);
        }
        auto claims = verify(token);
        if (!claims) {
            return tl::unexpected(claims.error());
        }
        Checked identity = identity_of(*claims, hash, now);
        if (identity) {
            cache_.add(hash, std::move(*claims));
        }
        return identity;
    }

    void replace_keys(std::shared_ptr<const KeyRing> keys) {
        keys_ = std::move(keys);
        cache_.clear();
    }

private:
    [[nodiscard]] const KeyRing::Data& data() const { return keys_->data(); }

    Checked identity_of(const Claims& claims, const Sha256& hash, proto::WallTime now) {
        const auto timely = check_times(claims, now, kClockSkew);
        if (!timely) {
            cache_.remove(hash);
            return tl::unexpected(timely.error());
        }
        return claims.identity;
    }

    /// Algorithm, kid and kind of key are settled before any key is used: a public key is never
    /// taken for an HMAC secret.
    [[nodiscard]] tl::expected<Claims, AuthProblem> verify(std::string_view token) const {
        const auto parts = take_apart(token);
        if (!parts) {
            return tl::unexpected(parts.error());
        }
        const VerifyKey* key = data().find_key(parts->kid);
        if (key == nullptr) {
            return tl::unexpected(AuthProblem::unknown_key);
        }
        if (key->algorithm() != parts->algorithm) {
            return tl::unexpected(AuthProblem::bad_algorithm);
        }
        if (!key->verifies(parts->signed_text, parts->signature)) {
            return tl::unexpected(AuthProblem::bad_signature);
        }
        const AuthSettings& settings = data().settings;
        auto claims = read_claims(parts->claims, settings.jwt_audience, settings.jwt_issuer);
        if (claims) {
            claims->identity.proof = key->fingerprint();
        }
        return claims;
    }

    [[nodiscard]] Checked check_certificate(std::string_view common_name) const {
        if (!data().settings.mtls) {
            return tl::unexpected(AuthProblem::method_disabled);
        }
        const auto device = proto::DeviceId::parse(common_name);
        if (!device) {
            return tl::unexpected(AuthProblem::bad_device_id);
        }
        return Identity{*device, Method::certificate, std::nullopt, {}, 0};
    }

    [[nodiscard]] Checked check_basic(const BasicLogin& login) const {
        if (data().settings.credentials.empty()) {
            return tl::unexpected(AuthProblem::method_disabled);
        }
        const auto known = data().knows(login.id, login.secret);
        const auto device = proto::DeviceId::parse(login.id);
        if (!known || !device) {
            return tl::unexpected(AuthProblem::bad_credentials);
        }
        return Identity{*device, Method::basic, std::nullopt, {}, *known};
    }

    std::shared_ptr<const KeyRing> keys_;
    TokenCache cache_{kMaxCachedTokens};
};

Authenticator::Authenticator(std::shared_ptr<const KeyRing> keys)
    : impl_(std::make_unique<Impl>(std::move(keys))) {}

Authenticator::~Authenticator() = default;

tl::expected<Identity, AuthProblem> Authenticator::check(const Presented& presented,
                                                         proto::WallTime now) {
    return impl_->check(presented, now);
}

tl::expected<Identity, AuthProblem> Authenticator::check_token(std::string_view jwt,
                                                               proto::WallTime now) {
    return impl_->check_token(jwt, now);
}

void Authenticator::replace_keys(std::shared_ptr<const KeyRing> keys) {
    impl_->replace_keys(std::move(keys));
}

}  // namespace dm::auth
